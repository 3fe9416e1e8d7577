//! The calls of one request on one instance, each under the deadline of calls.

use std::sync::Arc;

use dropins_services::Limits;
use wasmtime::component::{Component, ComponentExportIndex};

use crate::contract::decision::{Client, Rejection};
use crate::contract::text::excerpt;
use crate::run::call::CallState;
use crate::run::failure::Failure;
use crate::run::plugin::Call;
use crate::run::v0_2::bindings::dropins::client_auth::types;
use crate::run::v0_2::bindings::exports::dropins::client_auth::client_authenticator as wit;
use crate::run::v0_2::instance::{Instance, arm, finish, within};
use crate::run::v0_2::pool::{Lent, Pool};
use crate::run::verdict::{Condition, Outcome, Requirement, Unused, Vouched};

/// What the exports belong to.
const INTERFACE: &str = "dropins:client-auth/client-authenticator@0.2.0";

/// The exports that a request calls. Each is loaded when it is called: most requests call one.
#[derive(Clone, Copy)]
pub(super) struct Calls {
    can_authenticate: ComponentExportIndex,
    authenticate: ComponentExportIndex,
    client_id: ComponentExportIndex,
}

impl Calls {
    /// The exports of this component.
    pub(super) fn of(component: &Component) -> wasmtime::Result<Self> {
        let interface = component.get_export_index(None, INTERFACE);
        let find = |name: &str| {
            let found = interface.and_then(|interface| component.get_export_index(Some(&interface), name));
            found.ok_or_else(|| wasmtime::format_err!("it does not export {name} of {INTERFACE}"))
        };
        Ok(Self {
            can_authenticate: find("can-authenticate")?,
            authenticate: find("authenticate")?,
            client_id: find("client-id")?,
        })
    }
}

/// One instance with the arguments of its calls.
pub(super) struct CallV02 {
    lent: Lent,
    calls: Calls,
    failed: bool,
    properties: Arc<[wit::Field]>,
    request: wit::Request,
    limits: Limits,
    pool: Pool,
}

impl CallV02 {
    /// The calls of one request on this instance.
    pub(super) fn new(
        lent: Lent,
        calls: Calls,
        properties: Arc<[wit::Field]>,
        request: wit::Request,
        limits: Limits,
        pool: Pool,
    ) -> Self {
        Self { lent, calls, failed: false, properties, request, limits, pool }
    }
}

fn condition(condition: types::Condition) -> Condition {
    let requirement = match condition.requirement {
        types::Requirement::Unused(types::Unused { identifier, issued_at, expires_at, cached, retry_window }) => {
            Requirement::Unused(Unused { identifier, issued_at, expires_at, cached, retry_window })
        }
        types::Requirement::Secret(secret) => Requirement::Secret(secret),
        types::Requirement::NotAfter(time) => Requirement::NotAfter(time),
    };
    Condition { reason: excerpt(&condition.reason), requirement }
}

/// Runs one export under the call deadline.
macro_rules! run {
    ($call:ident, $export:ident ( $($argument:expr),* ) -> $answer:ty) => {{
        let (limits, Instance { store, instance }) = (&$call.limits, &mut *$call.lent.instance);
        let end = arm(store, limits.call_deadline);
        let answer = match instance.get_typed_func::<_, ($answer,)>(&mut *store, &$call.calls.$export) {
            Ok(export) => within(end, export.call_async(&mut *store, ($($argument,)*))).await,
            Err(error) => Err(error),
        };
        let answer = finish(store, limits, answer.map(|(answer,)| answer));
        $call.failed |= answer.is_err();
        answer
    }};
}

#[async_trait::async_trait]
impl Call for CallV02 {
    async fn can_authenticate(&mut self) -> Result<bool, Failure> {
        run!(self, can_authenticate(&*self.properties, &self.request) -> bool)
    }

    async fn authenticate(&mut self) -> Result<Outcome, Failure> {
        Ok(match run!(self, authenticate(&*self.properties, &self.request) -> wit::Outcome)? {
            wit::Outcome::Authenticated(types::Authenticated { client, conditions }) => {
                Outcome::Authenticated(Vouched {
                    client: Client {
                        id: client.id,
                        method: client.method,
                        attributes: client.attributes.into_iter().map(|f| (f.name, f.value)).collect(),
                    },
                    conditions: conditions.into_iter().map(condition).collect(),
                })
            }
            wit::Outcome::Rejected(rejection) => Outcome::Rejected(Rejection {
                error: excerpt(&rejection.error),
                reason: excerpt(&rejection.reason),
                detail: excerpt(&rejection.detail),
            }),
            wit::Outcome::Unavailable(detail) => Outcome::Unavailable(excerpt(&detail)),
            wit::Outcome::Unclaimed => Outcome::Unclaimed,
        })
    }

    async fn client_id(&mut self) -> Result<Option<String>, Failure> {
        run!(self, client_id(&self.request) -> Option<String>)
    }

    fn state(&mut self) -> &mut CallState {
        self.lent.instance.store.data_mut()
    }

    fn release(mut self: Box<Self>) {
        // The state stays with an idle instance; the place does not.
        self.state().place = None;
        // A handle that the plug-in keeps would name something else in the next request.
        let keeps_nothing = self.state().table.is_empty();
        if !self.failed && keeps_nothing {
            self.pool.give_back(self.lent);
        }
    }
}
