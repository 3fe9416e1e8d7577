//! A component that is tried before it is installed: validation, the listener entries that name it, the canary.
//!
//! Its services know one made-up client: it sees no client, key or used assertion of the home. A component that no
//! enabled entry names is tried without properties.

use dropins_config::Deployment;
use dropins_host::{BindError, Binding, Engine, Generation, Isolation, Listener, Validated, bound_plugins};
use dropins_services::{Clock as _, SystemClock};

use super::listeners;
use super::trials::{Canary, no_clients};

/// Why a component may not serve.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct Unfit(Vec<BindError>);

/// Tries a component under the name of its file. Returns whether an enabled entry names it.
///
/// # Errors
/// [`Unfit`] if a start with it would be refused.
pub async fn try_out(plugin: &Validated, engine: &Engine, deployment: Option<&Deployment>) -> Result<bool, Unfit> {
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
    let services = no_clients(SystemClock.now());
    let tried = Generation::assemble(engine, services, &Canary, 0, &listeners, plugins).await;
    tried.map(|_| is_named).map_err(Unfit)
}
