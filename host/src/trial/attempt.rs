//! One plug-in's answer to one request, on an instance that serves no request afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dropins_services::{Services, UnixMillis};

use crate::contract::decision::{Check, Evidence};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::run::failure::Failure;
use crate::run::guest_log::GuestLog;
use crate::run::plugin::Configured;
use crate::run::verdict::Outcome;

/// What a plug-in answered, logged and used.
pub(crate) struct Attempt {
    /// Its answer; the conditions are not settled.
    pub(crate) outcome: Result<Outcome, Failure>,
    pub(crate) log: GuestLog,
    pub(crate) evidence: Evidence,
    /// Every rule, if that was asked for.
    pub(crate) explanation: Option<Vec<Check>>,
    /// The memory of the instance, in bytes; it never shrinks.
    pub(crate) memory: usize,
    /// From the instance to the answer.
    pub(crate) duration: Duration,
}

impl Attempt {
    /// Asks a fresh instance; the error says why there is none.
    pub(crate) async fn make(
        configured: &dyn Configured,
        reads: &Reads,
        services: &Arc<Services>,
        request: &Request,
        now: UnixMillis,
        explain: bool,
    ) -> Result<Self, Failure> {
        let started = Instant::now();
        let mut call = configured.begin(Some(services), reads, request, now, explain, None).await?;
        let outcome = call.authenticate().await;
        let duration = started.elapsed();
        let state = call.state();
        Ok(Self {
            outcome,
            log: state.log.take(),
            evidence: std::mem::take(&mut state.evidence),
            explanation: state.explanation.take(),
            memory: state.memory.used(),
            duration,
        })
    }
}
