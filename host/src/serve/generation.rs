//! A set of handlers that were tried out: `Validated -> Generation`.
//!
//! A generation is a pure function of the configuration and the components' bytes. It is assembled as a whole or not at
//! all, and never changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dropins_services::{Listener, Services};
use futures_util::future::BoxFuture;

use crate::contract::decision::PluginId;
use crate::load::candidate::Validated;
use crate::run::background::background;
use crate::run::engine::Engine;
use crate::serve::bind_error::BindError;
use crate::serve::counters::Counters;
use crate::serve::handler::Handler;
use crate::trial::probe::Probe;

/// The handlers that serve from one publish to the next.
pub struct Generation {
    engine: Engine,
    pub(crate) services: Arc<Services>,
    number: u64,
    handlers: Vec<Handler>,
    in_flight: AtomicUsize,
}

impl Generation {
    /// Binds every listener entry to exactly one component, has it check its properties and tries it out, with the
    /// host's own trials and those of `probe`; `&()` has none.
    ///
    /// # Errors
    /// Every [`BindError`], not only the first.
    pub fn assemble<'a>(
        engine: &'a Engine,
        services: Services,
        probe: &'a dyn Probe,
        number: u64,
        listeners: &'a [Listener],
        plugins: &'a [Validated],
    ) -> BoxFuture<'a, Result<Self, Vec<BindError>>> {
        Box::pin(async move {
            let mut handlers: Vec<Handler> = Vec::new();
            let mut errors = Vec::new();
            if listeners.is_empty() {
                errors.push(BindError::Empty);
            }
            let now = services.clock.now();
            for listener in listeners {
                match Handler::bind(engine, probe, now, listener, listeners, plugins).await {
                    Ok(handler) => match handlers.iter().find(|other| other.id.name == handler.id.name) {
                        Some(other) => errors.push(BindError::SameName {
                            first: other.listener.id.clone(),
                            second: listener.id.clone(),
                            name: handler.id.name,
                        }),
                        None => handlers.push(handler),
                    },
                    Err(error) => errors.push(error),
                }
            }
            if !errors.is_empty() {
                return Err(errors);
            }
            handlers.sort_by(|a, b| (a.listener.order, &a.id.name).cmp(&(b.listener.order, &b.id.name)));
            Ok(Self {
                engine: engine.clone(),
                services: Arc::new(services),
                number,
                handlers,
                in_flight: AtomicUsize::new(0),
            })
        })
    }

    /// The engine that its plug-ins run in.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its number; later generations have higher ones.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The handlers in the order in which they are asked.
    pub fn handlers(&self) -> &[Handler] {
        &self.handlers
    }

    /// Requests that it is deciding now.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The counters of its components.
    pub fn counters(&self) -> Vec<(PluginId, Arc<Counters>)> {
        self.handlers.iter().map(|handler| (handler.id.clone(), Arc::clone(&handler.counters))).collect()
    }

    /// Goes on with these counters where they count the same component; call it before it is published.
    pub fn keep_counting(&mut self, counters: &[(PluginId, Arc<Counters>)]) {
        for handler in &mut self.handlers {
            if let Some((_, counters)) = counters.iter().find(|(id, _)| *id == handler.id) {
                handler.counters = Arc::clone(counters);
            }
        }
    }

    /// Drops its idle instances and keeps none, so the live generation has their slots; call it on a generation that is
    /// no longer live. It still decides requests, each with a fresh instance.
    pub fn release_idle_instances(&self) {
        self.handlers.iter().for_each(|handler| handler.configured.pool_instances(false));
    }

    /// Undoes [`Generation::release_idle_instances`]; call it on a generation that becomes live again.
    pub fn resume_pooling(&self) {
        self.handlers.iter().for_each(|handler| handler.configured.pool_instances(true));
    }

    /// Counts a request while it is being decided.
    pub(crate) fn enter(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// The client authentication methods that are enabled, for metadata (RFC 8414 section 2).
    pub fn methods(&self) -> Vec<String> {
        distinct(self.handlers.iter().flat_map(|handler| &handler.description.methods))
    }

    /// The signature algorithms that are enabled, for metadata (RFC 8414 section 2).
    pub fn algorithms(&self) -> Vec<String> {
        distinct(self.handlers.iter().flat_map(|handler| &handler.algorithms))
    }
}

/// A request that is being decided.
pub(crate) struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Generation {
    /// The last request of an old generation must not pay for unmapping its code and idle instances.
    fn drop(&mut self) {
        let handlers = std::mem::take(&mut self.handlers);
        drop(background(move || drop(handlers)));
    }
}

fn distinct<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for text in texts {
        if !all.contains(text) {
            all.push(text.clone());
        }
    }
    all
}
