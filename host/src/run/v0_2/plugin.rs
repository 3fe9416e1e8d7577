//! A linked component of this version, alone and with the properties of a listener entry.

use std::sync::Arc;

use dropins_services::{Isolation, Limits, Services};
use wasmtime::component::{Component, HasSelf, InstancePre, Linker};
use wasmtime::{PoolConcurrencyLimitError, Store};

use crate::contract::description::{Description, Problem};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::contract::text::excerpt;
use crate::run::bulkhead::Place;
use crate::run::call::CallState;
use crate::run::engine::Engine;
use crate::run::failure::Failure;
use crate::run::plugin::{Call, ConfigReport, Configured, Plugin};
use crate::run::v0_2::bindings::exports::dropins::client_auth::client_authenticator as wit;
use crate::run::v0_2::bindings::{AuthenticatorPlugin, AuthenticatorPluginIndices};
use crate::run::v0_2::call::{CallV02, Calls};
use crate::run::v0_2::field::{field, fields};
use crate::run::v0_2::instance::{Instance, arm, failure, finish, within};
use crate::run::v0_2::pool::Pool;
use crate::run::wasi::link;

/// A component of this version, compiled and linked.
pub(crate) struct V02 {
    pre: InstancePre<CallState>,
    exports: AuthenticatorPluginIndices,
    calls: Calls,
    limits: Limits,
}

impl V02 {
    /// Links a compiled component to what is granted.
    pub(crate) fn link(engine: &Engine, component: &Component) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(engine.inner());
        link::link(&mut linker)?;
        AuthenticatorPlugin::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
        let pre = linker.instantiate_pre(component)?;
        let (exports, calls) = (AuthenticatorPluginIndices::new(&pre)?, Calls::of(component)?);
        Ok(Self { exports, calls, pre, limits: engine.limits().clone() })
    }

    async fn instance(&self, state: CallState) -> Result<Instance, Failure> {
        let limits = &self.limits;
        let mut store = Store::new(self.pre.engine(), state);
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
        Ok(Instance { store, instance })
    }

    /// All exports of an instance, their types checked.
    fn load(&self, Instance { store, instance }: &mut Instance) -> Result<AuthenticatorPlugin, Failure> {
        let plugin = self.exports.load(&mut *store, instance);
        plugin.map_err(|error| Failure::Types(excerpt(&format!("{error:#}"))))
    }
}

#[async_trait::async_trait]
impl Plugin for V02 {
    async fn describe(&self) -> Result<Description, Failure> {
        let limits = &self.limits;
        let mut instance = self.instance(CallState::new(limits, 0, None)).await?;
        let plugin = self.load(&mut instance)?;
        let end = arm(&mut instance.store, limits.load_deadline);
        let export = plugin.dropins_client_auth_client_authenticator();
        let said = within(end, export.call_describe(&mut instance.store)).await;
        let said = finish(&mut instance.store, limits, said)?;
        Ok(Description {
            name: said.name,
            aliases: said.aliases,
            version: said.version,
            summary: excerpt(&said.summary),
            methods: said.methods,
            reads: said.reads,
            assertion_types: said.assertion_types,
        })
    }

    async fn check_config(&self, properties: &[(String, String)]) -> Result<ConfigReport, Failure> {
        let limits = &self.limits;
        let properties = fields(properties);
        let mut instance = self.instance(CallState::new(limits, 0, None)).await?;
        let plugin = self.load(&mut instance)?;
        let store = &mut instance.store;
        let export = plugin.dropins_client_auth_client_authenticator();
        let end = arm(store, limits.load_deadline);
        let problems = within(end, export.call_check_config(&mut *store, &properties)).await;
        let problems = finish(store, limits, problems)?;
        let problems: Vec<Problem> = problems
            .into_iter()
            .map(|p| Problem { property: excerpt(&p.property), message: excerpt(&p.message) })
            .collect();
        // A plug-in is not asked about properties that it has just rejected.
        let algorithms = if problems.is_empty() {
            let end = arm(store, limits.load_deadline);
            let algorithms = within(end, export.call_algorithms(&mut *store, &properties)).await;
            finish(store, limits, algorithms)?
        } else {
            Vec::new()
        };
        let warnings = std::mem::take(&mut store.data_mut().log.lines).into_iter().map(|(_, line)| line).collect();
        Ok(ConfigReport { problems, warnings, algorithms })
    }

    fn configure(self: Arc<Self>, properties: &[(String, String)], isolation: Isolation) -> Box<dyn Configured> {
        let pool = Pool::new(isolation);
        Box::new(ConfiguredV02 { plugin: self, properties: fields(properties).into(), pool })
    }
}

struct ConfiguredV02 {
    plugin: Arc<V02>,
    properties: Arc<[wit::Field]>,
    pool: Pool,
}

#[async_trait::async_trait]
impl Configured for ConfiguredV02 {
    fn pool_instances(&self, pooling: bool) {
        self.pool.keep(pooling);
    }

    fn limits(&self) -> &Limits {
        &self.plugin.limits
    }

    async fn begin(
        &self,
        services: Option<&Arc<Services>>,
        reads: &Reads,
        request: &Request,
        now: u64,
        explain: bool,
        place: Option<Place>,
    ) -> Result<Box<dyn Call>, Failure> {
        let limits = &self.plugin.limits;
        let mut state = CallState::new(limits, now, services.cloned());
        state.place = place;
        state.explanation = explain.then(Vec::new);
        let instance = match self.pool.take() {
            Some(mut idle) => {
                state.memory = idle.instance.store.data().memory.renewed();
                *idle.instance.store.data_mut() = state;
                idle
            }
            None => self.pool.lend(self.plugin.instance(state).await?),
        };
        let request = wit::Request {
            endpoint: request.endpoint.clone(),
            issuer: request.issuer.clone(),
            token_endpoint: request.token_endpoint.clone(),
            form: reads.form_of(request).map(field).collect(),
            headers: reads.headers_of(request).map(field).collect(),
            now,
        };
        let (calls, properties, pool) = (self.plugin.calls, Arc::clone(&self.properties), self.pool.clone());
        Ok(Box::new(CallV02::new(instance, calls, properties, request, limits.clone(), pool)))
    }
}
