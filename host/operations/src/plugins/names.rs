//! Which plug-in a listener entry means.

use dropins_config::{Listener, PluginSelector};
use dropins_host::Candidate;

/// Whether the listener entry names the component. A shadow bears the name of the plug-in beside it and answers to none.
pub fn names(listener: &Listener, listeners: &[Listener], component: &Candidate) -> bool {
    let is_shadow = || listeners.iter().any(|other| other.enabled && shadows(other, component));
    match &listener.plugin {
        PluginSelector::Name(name) => component.names().contains(name) && !is_shadow(),
        PluginSelector::File(file) => file == component.file(),
    }
}

/// Whether the component only works beside the one that the listener entry names.
pub fn shadows(listener: &Listener, component: &Candidate) -> bool {
    listener.shadow.as_deref() == Some(component.file())
}
