//! A component that is tried before it serves: validation, the listener entries that name it, the canary.
//!
//! Its services know one made-up client: it sees no client, key or used assertion of the home. A component that no
//! enabled entry names is tried with the given properties alone.

use dropins_config::Deployment;
use dropins_host::{BindError, Binding, Engine, Generation, Handler, Isolation, Listener, Validated, bound_plugins};
use dropins_services::{Clock as _, SystemClock};
use futures_util::future::BoxFuture;

use super::listeners;
use super::trials::{Canary, no_clients};

/// Why a component may not serve.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Unfit(Vec<BindError>);

/// A component that passed.
pub struct Tried {
    generation: Generation,
    /// Whether an enabled entry names it.
    pub is_named: bool,
}

impl Tried {
    /// The component under the entries that name it, in their order; without such an entry, under one of its own.
    pub fn handlers(&self) -> &[Handler] {
        self.generation.handlers()
    }
}

/// Tries a component under the name of its file. The properties replace those of the same name in an entry.
///
/// # Errors
/// [`Unfit`] if a start with it would be refused.
pub fn try_out<'a>(
    plugin: &'a Validated,
    engine: &'a Engine,
    deployment: Option<&'a Deployment>,
    properties: &'a [(String, String)],
) -> BoxFuture<'a, Result<Tried, Unfit>> {
    Box::pin(async move {
        let plugins = std::slice::from_ref(plugin);
        let mut entries: Vec<_> = deployment.map(listeners::enabled).unwrap_or_default();
        entries.retain(|(_, listener)| !bound_plugins(&listener.binding, &[], plugins).is_empty());
        if let Some(deployment) = deployment {
            listeners::complete(&mut entries, deployment, plugins);
        }
        let mut listeners: Vec<_> = entries.into_iter().map(|(_, entry)| Listener { shadow: None, ..entry }).collect();
        let is_named = !listeners.is_empty();
        if !is_named {
            listeners.push(Listener {
                id: plugin.description().name.clone(),
                binding: Binding::File(plugin.file().to_owned()),
                order: 0,
                properties: Vec::new(),
                pin: None,
                isolation: Isolation::Fresh,
                shadow: None,
            });
        }
        for listener in &mut listeners {
            listener.properties.retain(|(name, _)| properties.iter().all(|(given, _)| given != name));
            listener.properties.extend_from_slice(properties);
        }
        let services = no_clients(SystemClock.now());
        let generation =
            Generation::assemble(engine, services, &Canary, 0, &listeners, plugins).await.map_err(Unfit)?;
        Ok(Tried { generation, is_named })
    })
}
