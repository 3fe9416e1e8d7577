//! Which plug-in a listener entry means.

use dropins_config::{Listener, PluginSelector};
use dropins_host::Validated;

/// Whether the listener entry names the plug-in. A shadow bears the name of the plug-in beside it and answers to none.
pub(super) fn names(listener: &Listener, listeners: &[Listener], plugin: &Validated) -> bool {
    let is_shadow = || listeners.iter().any(|other| other.enabled && shadows(other, plugin));
    match &listener.plugin {
        PluginSelector::Name(name) => plugin.description().answers_to(name) && !is_shadow(),
        PluginSelector::File(file) => file == plugin.file(),
    }
}

/// Whether the plug-in only works beside the one that the listener entry names.
pub(super) fn shadows(listener: &Listener, plugin: &Validated) -> bool {
    listener.shadow.as_deref() == Some(plugin.file())
}
