//! The calls of one request on one instance, each under the deadline of calls.

use std::sync::Arc;

use dropins_services::Limits;

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

/// One instance with the arguments of its calls.
pub(super) struct CallV02 {
    lent: Lent,
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
        properties: Arc<[wit::Field]>,
        request: wit::Request,
        limits: Limits,
        pool: Pool,
    ) -> Self {
        Self { lent, failed: false, properties, request, limits, pool }
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
    ($call:ident, $export:ident ( $($argument:expr),* )) => {{
        let (limits, Instance { store, plugin }) = (&$call.limits, &mut *$call.lent.instance);
        let end = arm(store, limits.call_deadline);
        let export = plugin.dropins_client_auth_client_authenticator();
        let answer = within(end, export.$export(&mut *store, $($argument),*)).await;
        let answer = finish(store, limits, answer);
        $call.failed |= answer.is_err();
        answer
    }};
}

#[async_trait::async_trait]
impl Call for CallV02 {
    async fn can_authenticate(&mut self) -> Result<bool, Failure> {
        run!(self, call_can_authenticate(&self.properties, &self.request))
    }

    async fn authenticate(&mut self) -> Result<Outcome, Failure> {
        Ok(match run!(self, call_authenticate(&self.properties, &self.request))? {
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
        run!(self, call_client_id(&self.request))
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
