//! The adapter for `dropins:client-auth@0.1.x`.
//!
//! One store and one instance serve one request and are then dropped, unless the operator asks for reuse: after a
//! trap a store is unusable, and nothing may leak from a request to the next.

mod imports;
mod pool;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{PoolConcurrencyLimitError, Store};

use self::bindings::exports::dropins::client_auth::client_authenticator as wit;
use self::bindings::{AuthenticatorPlugin, AuthenticatorPluginIndices};
use self::pool::{Lent, Pool};
use super::{Call, ConfigReport, Configured, Failure, Outcome, Plugin};
use crate::budget::Spent;
use crate::call::{CallState, excerpt};
use crate::decision::{Client, Rejection};
use crate::engine::Engine;
use crate::plugin::{Description, Problem};
use crate::request::{Reads, Request};
use crate::services::Services;
use crate::transcript::Transcript;
use dropins_services::Isolation;
use dropins_services::Limits;

pub(crate) mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "authenticator-plugin",
        imports: {
            "dropins:client-auth/clients": async | trappable,
            "dropins:client-auth/keys.candidates": async | trappable,
            "dropins:client-auth/replay": async | trappable,
            default: trappable,
        },
        exports: { default: async },
        with: { "dropins:client-auth/keys.public-key": super::imports::KeyHandle },
    });
}

/// A component of this version, compiled and linked.
pub(crate) struct V01 {
    pre: InstancePre<CallState>,
    exports: AuthenticatorPluginIndices,
}

impl V01 {
    /// Links a compiled component to what is granted.
    pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine.inner());
        crate::wasi::link(&mut linker)?;
        AuthenticatorPlugin::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
        let pre = linker.instantiate_pre(component)?;
        Ok(Self { exports: AuthenticatorPluginIndices::new(&pre)?, pre })
    }

    async fn instance(&self, engine: &Engine, state: CallState) -> Result<Instance, Failure> {
        let limits = engine.limits();
        let mut store = Store::new(engine.inner(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(limits.host_copy);
        store.set_max_component_handles(limits.handles);
        store.epoch_deadline_callback(|mut store| Ok(store.data_mut().budget.on_tick()?));
        let end = arm(&mut store, limits.load_deadline);
        let instance = match within(end, self.pre.instantiate_async(&mut store)).await {
            Ok(instance) => instance,
            Err(error) if error.is::<PoolConcurrencyLimitError>() => return Err(Failure::Exhausted),
            Err(error) => return Err(failure(&store, limits, &error)),
        };
        let plugin = self.exports.load(&mut store, &instance);
        let plugin = plugin.map_err(|error| Failure::Types(excerpt(&format!("{error:#}"))))?;
        Ok(Instance { store, plugin })
    }
}

/// An instance; while a request has it, nobody else does.
struct Instance {
    store: Store<CallState>,
    plugin: AuthenticatorPlugin,
}

/// Arms the deadline of the next call; tells when the request must have ended, whatever it waits for.
fn arm(store: &mut Store<CallState>, deadline: Duration) -> Instant {
    store.set_epoch_deadline(1);
    store.data_mut().budget.start(deadline)
}

/// Runs the plug-in until then at most.
async fn within<T>(end: Instant, work: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    timeout_at(end, work).await.unwrap_or_else(|_| Err(Spent::Time.into()))
}

/// Says how a call failed, with what the plug-in wrote before: the text of a panic, as a rule.
fn failure(store: &Store<CallState>, limits: &Limits, error: &wasmtime::Error) -> Failure {
    let state = store.data();
    let output = match state.output() {
        text if text.is_empty() => text,
        text => format!("; it wrote: {text}"),
    };
    match (error.downcast_ref(), state.memory.refused) {
        (Some(Spent::Computing), _) => Failure::Deadline(output),
        (Some(Spent::ServiceCalls), _) => Failure::ServiceCalls { limit: limits.service_calls, output },
        (Some(Spent::Time), _) => Failure::Overdue { limit: limits.call_wall_limit, waits_for: state.budget.waits_for },
        (None, Some(wanted)) => Failure::Memory { wanted, limit: limits.memory, output },
        (None, None) => Failure::Trap { message: excerpt(&format!("{error:#}")), output },
    }
}

fn fields(pairs: &[(String, String)]) -> Vec<wit::Field> {
    pairs.iter().map(field).collect()
}

fn field((name, value): &(String, String)) -> wit::Field {
    wit::Field { name: name.clone(), value: value.clone() }
}

#[async_trait::async_trait]
impl Plugin for V01 {
    async fn describe(&self, engine: &Engine) -> Result<Description, Failure> {
        let limits = engine.limits();
        let mut instance = self.instance(engine, CallState::new(limits, 0, None)).await?;
        let end = arm(&mut instance.store, limits.load_deadline);
        let export = instance.plugin.dropins_client_auth_client_authenticator();
        let said = within(end, export.call_describe(&mut instance.store)).await;
        let said = said.map_err(|error| failure(&instance.store, limits, &error))?;
        Ok(Description {
            name: said.name,
            aliases: said.aliases,
            version: said.version,
            summary: excerpt(&said.summary),
            methods: said.methods,
            reads: said.reads,
        })
    }

    async fn check_config(&self, engine: &Engine, properties: &[(String, String)]) -> Result<ConfigReport, Failure> {
        let limits = engine.limits();
        let properties = fields(properties);
        let mut instance = self.instance(engine, CallState::new(limits, 0, None)).await?;
        let Instance { store, plugin } = &mut instance;
        let export = plugin.dropins_client_auth_client_authenticator();
        let end = arm(store, limits.load_deadline);
        let problems = within(end, export.call_check_config(&mut *store, &properties)).await;
        let problems = problems.map_err(|error| failure(store, limits, &error))?;
        let problems: Vec<Problem> = problems
            .into_iter()
            .map(|p| Problem { property: excerpt(&p.property), message: excerpt(&p.message) })
            .collect();
        // A plug-in need not have an opinion about properties that it has just refused.
        let algorithms = if problems.is_empty() {
            let end = arm(store, limits.load_deadline);
            let algorithms = within(end, export.call_algorithms(&mut *store, &properties)).await;
            algorithms.map_err(|error| failure(store, limits, &error))?
        } else {
            Vec::new()
        };
        let warnings = std::mem::take(&mut store.data_mut().log.lines).into_iter().map(|(_, line)| line).collect();
        Ok(ConfigReport { problems, warnings, algorithms })
    }

    fn configure(self: Arc<Self>, properties: &[(String, String)], isolation: Isolation) -> Box<dyn Configured> {
        let pool = Pool::new(isolation);
        Box::new(ConfiguredV01 { plugin: self, properties: fields(properties).into(), pool })
    }
}

struct ConfiguredV01 {
    plugin: Arc<V01>,
    properties: Arc<[wit::Field]>,
    pool: Pool,
}

#[async_trait::async_trait]
impl Configured for ConfiguredV01 {
    fn rest(&self, resting: bool) {
        self.pool.rest(resting);
    }

    async fn begin(
        &self,
        engine: &Engine,
        services: Option<&Arc<Services>>,
        reads: &Reads,
        request: &Request,
        now: u64,
        explain: bool,
    ) -> Result<Box<dyn Call>, Failure> {
        let limits: &Limits = engine.limits();
        let mut state = CallState::new(limits, now, services.cloned());
        state.explanation = explain.then(Vec::new);
        state.transcript = (!explain).then(|| Transcript::of(request, reads));
        let instance = match self.pool.take() {
            Some(mut idle) => {
                *idle.instance.store.data_mut() = state;
                idle
            }
            None => self.pool.lend(self.plugin.instance(engine, state).await?),
        };
        let request = wit::Request {
            endpoint: request.endpoint.clone(),
            issuer: request.issuer.clone(),
            token_endpoint: request.token_endpoint.clone(),
            form: reads.form_of(request).map(field).collect(),
            headers: reads.headers_of(request).map(field).collect(),
            now,
        };
        let (properties, pool) = (Arc::clone(&self.properties), self.pool.clone());
        Ok(Box::new(CallV01 { lent: instance, failed: false, properties, request, limits: limits.clone(), pool }))
    }
}

struct CallV01 {
    lent: Lent,
    failed: bool,
    properties: Arc<[wit::Field]>,
    request: wit::Request,
    limits: Limits,
    pool: Pool,
}

/// Runs one export under the call deadline.
macro_rules! run {
    ($call:ident, $export:ident ( $($argument:expr),* )) => {{
        let (limits, Instance { store, plugin }) = (&$call.limits, &mut *$call.lent.instance);
        let end = arm(store, limits.call_deadline);
        let export = plugin.dropins_client_auth_client_authenticator();
        let answer = within(end, export.$export(&mut *store, $($argument),*)).await;
        $call.failed |= answer.is_err();
        answer.map_err(|error| failure(store, limits, &error))
    }};
}

#[async_trait::async_trait]
impl Call for CallV01 {
    async fn can_authenticate(&mut self) -> Result<bool, Failure> {
        run!(self, call_can_authenticate(&self.request))
    }

    async fn authenticate(&mut self) -> Result<Outcome, Failure> {
        Ok(match run!(self, call_authenticate(&self.properties, &self.request))? {
            wit::Outcome::Authenticated(client) => Outcome::Authenticated(Client {
                id: client.id,
                method: client.method,
                attributes: client.attributes.into_iter().map(|f| (f.name, f.value)).collect(),
            }),
            wit::Outcome::Rejected(rejection) => Outcome::Rejected(Rejection {
                error: excerpt(&rejection.error),
                reason: excerpt(&rejection.reason),
                detail: excerpt(&rejection.detail),
            }),
            wit::Outcome::Unavailable(detail) => Outcome::Unavailable(excerpt(&detail)),
        })
    }

    async fn client_id(&mut self) -> Result<Option<String>, Failure> {
        run!(self, call_client_id(&self.request))
    }

    fn state(&mut self) -> &mut CallState {
        self.lent.instance.store.data_mut()
    }

    fn release(mut self: Box<Self>) {
        // A handle that the plug-in keeps belongs to this request; in the next one it would name something else.
        let keeps_nothing = self.state().table.is_empty();
        if !self.failed && keeps_nothing {
            self.pool.give_back(self.lent);
        }
    }
}
