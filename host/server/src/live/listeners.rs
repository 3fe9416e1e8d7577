//! Entries of `[[event_listener]]` as the host takes them.
//!
//! A plug-in that judges assertions has the clock skew of `[oauth]`, unless its entry has one of its own.

use dropins_host::{Binding, Validated};

use dropins_config::{Deployment, Listener, PluginSelector};

/// The handler type of client authenticators; other event listeners of WSO2 have no meaning here.
const HANDLER_TYPE: &str = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler";

/// The method whose plug-ins take the clock skew of `[oauth]` when they have none of their own.
pub(super) const ASSERTION_METHOD: &str = "private_key_jwt";
const CLOCK_SKEW: &str = "ClockSkewInSeconds";

/// Whether the entry is about authenticating clients.
pub(super) fn is_authenticator(listener: &Listener) -> bool {
    listener.handler_type.as_deref().is_none_or(|handler_type| handler_type == HANDLER_TYPE)
}

/// The entry for the host, given the plug-ins that are there.
pub(super) fn host_listener(
    listener: &Listener,
    deployment: &Deployment,
    plugins: &[Validated],
) -> dropins_host::Listener {
    let binding = match &listener.plugin {
        PluginSelector::Name(name) => Binding::Name(name.clone()),
        PluginSelector::File(file) => Binding::File(file.clone()),
    };
    let mut properties: Vec<(String, String)> = listener
        .properties
        .iter()
        .flat_map(|property| property.values.iter().map(|value| (property.name.clone(), value.clone())))
        .collect();
    let is_shadow = |file| {
        let mut enabled = deployment.listeners.iter().filter(|other| other.enabled && is_authenticator(other));
        enabled.any(|other| other.shadow.as_deref() == Some(file))
    };
    let judges_assertions = plugins.iter().any(|plugin| {
        let bound = match &binding {
            Binding::Name(name) => plugin.description().answers_to(name) && !is_shadow(plugin.file()),
            Binding::File(file) => plugin.file() == file,
        };
        bound && plugin.description().methods.iter().any(|method| method == ASSERTION_METHOD)
    });
    if judges_assertions && !properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(CLOCK_SKEW)) {
        properties.push((CLOCK_SKEW.to_owned(), deployment.oauth.timestamp_skew.as_secs().to_string()));
    }
    dropins_host::Listener {
        id: listener.id.clone().unwrap_or_else(|| match &binding {
            Binding::Name(name) | Binding::File(name) => name.clone(),
        }),
        binding,
        order: i64::from(listener.order),
        properties,
        pin: listener.digest.as_deref().and_then(|digest| digest.parse().ok()),
        isolation: listener.isolation,
        shadow: listener.shadow.clone(),
    }
}
