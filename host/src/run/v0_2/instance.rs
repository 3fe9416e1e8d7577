//! One instance with its store, and how its calls end.

use std::time::Duration;

use dropins_services::Limits;
use tokio::time::Instant;
use wasmtime::{Store, component};

use crate::contract::text::excerpt;
use crate::run::budget::Spent;
use crate::run::call::CallState;
use crate::run::failure::Failure;
use crate::run::patience::until;
use crate::run::plugin_log::TARGET;

/// An instance; one request at a time has it.
pub(super) struct Instance {
    pub(super) store: Store<CallState>,
    pub(super) instance: component::Instance,
}

/// Arms the deadline of the next call; returns when the request must have ended, whatever it waits for.
pub(super) fn arm(store: &mut Store<CallState>, deadline: Duration) -> Instant {
    store.set_epoch_deadline(1);
    store.data_mut().budget.start(deadline)
}

/// Runs the plug-in until then at most.
pub(super) async fn within<T>(end: Instant, work: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    until(end, work).await.unwrap_or_else(|| Err(Spent::Time.into()))
}

/// Ends a call: its deadline is checked once more, because code without an epoch check may have passed it.
pub(super) fn finish<T>(
    store: &mut Store<CallState>,
    limits: &Limits,
    answer: wasmtime::Result<T>,
) -> Result<T, Failure> {
    let charged = answer.and_then(|answer| Ok(store.data_mut().budget.charge().map(|()| answer)?));
    charged.map_err(|error| failure(store, limits, &error))
}

/// Says how a call failed, with what the plug-in wrote before; usually the text of a panic.
pub(super) fn failure(store: &Store<CallState>, limits: &Limits, error: &wasmtime::Error) -> Failure {
    let state = store.data();
    let output = match state.output() {
        text if text.is_empty() => text,
        text => format!("; it wrote: {text}"),
    };
    match (error.downcast_ref(), state.memory.refused()) {
        (Some(Spent::Computing), _) => Failure::Deadline(output),
        (Some(Spent::Calls), _) => Failure::Calls { limit: limits.import_calls, output },
        (Some(Spent::ServiceCalls), _) => Failure::ServiceCalls { limit: limits.service_calls, output },
        (Some(Spent::Time), _) => Failure::Overdue { limit: limits.call_wall_limit, waits_for: state.budget.waits_for },
        (None, Some(wanted)) => Failure::Memory { wanted, limit: limits.memory, output },
        (None, None) => {
            tracing::debug!(target: TARGET, "a trap: {}", excerpt(&format!("{error:#}")));
            Failure::Trap { message: excerpt(&error.root_cause().to_string()), output }
        }
    }
}
