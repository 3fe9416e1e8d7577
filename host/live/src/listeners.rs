//! Entries of `[[event_listener]]` as the host takes them.
//!
//! A plug-in that judges assertions has the clock skew of `[oauth]`, and leaves the assertions of other issuers where a
//! plug-in for them is enabled, unless its entry says otherwise.

use dropins_host::{Binding, Validated, bound_plugins};

use dropins_config::{Deployment, Listener, PluginSelector};

/// The handler type of client authenticators; other event listeners of WSO2 have no meaning here.
const HANDLER_TYPE: &str = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler";

/// The method whose plug-ins take the clock skew of `[oauth]` when they have none of their own.
pub(super) const ASSERTION_METHOD: &str = "private_key_jwt";
const CLOCK_SKEW: &str = "ClockSkewInSeconds";

/// The plug-in with the property [`FOREIGN_ISSUERS`], and the one whose assertions it then leaves.
const ASSERTIONS: &str = "private_key_jwt_authenticator";
pub(super) const FEDERATED: &str = "federated_jwt_authenticator";
const FOREIGN_ISSUERS: &str = "ForeignIssuers";

/// An entry of the file and the same for the host.
pub(super) type Entry<'a> = (&'a Listener, dropins_host::Listener);

/// Whether the entry is about authenticating clients.
pub fn is_authenticator(listener: &Listener) -> bool {
    listener.handler_type.as_deref().is_none_or(|handler_type| handler_type == HANDLER_TYPE)
}

/// The enabled entries about authenticating clients, with the properties of the file.
pub(super) fn enabled(deployment: &Deployment) -> Vec<Entry<'_>> {
    let enabled = deployment.listeners.iter().filter(|listener| listener.enabled && is_authenticator(listener));
    enabled.map(|listener| (listener, host_listener(listener))).collect()
}

/// Whether an entry names the component of this file and name, although it may be disabled.
pub(super) fn names(deployment: &Deployment, file: &str, name: Option<&str>) -> bool {
    deployment.listeners.iter().any(|listener| match &listener.plugin {
        PluginSelector::Name(named) => name == Some(named.as_str()),
        PluginSelector::File(named) => named == file,
    })
}

/// Adds the properties that follow from the plug-ins and the rest of the file.
pub(super) fn complete(entries: &mut [Entry<'_>], deployment: &Deployment, plugins: &[Validated]) {
    let shadows: Vec<String> = entries.iter().filter_map(|(_, entry)| entry.shadow.clone()).collect();
    let shadows: Vec<&str> = shadows.iter().map(String::as_str).collect();
    let bound = |entry: &dropins_host::Listener| bound_plugins(&entry.binding, &shadows, plugins);
    let is_named = |entry: &dropins_host::Listener, name: &str| {
        bound(entry).iter().any(|plugin| plugin.description().name == name)
    };
    let federated = entries.iter().any(|(_, entry)| is_named(entry, FEDERATED));
    for (_, entry) in entries {
        let judges = |plugin: &&Validated| plugin.description().methods.iter().any(|method| method == ASSERTION_METHOD);
        let mut defaults = Vec::new();
        if bound(entry).iter().any(judges) {
            defaults.push((CLOCK_SKEW, deployment.oauth.timestamp_skew.as_secs().to_string()));
        }
        if federated && is_named(entry, ASSERTIONS) {
            defaults.push((FOREIGN_ISSUERS, "leave".to_owned()));
        }
        for (name, value) in defaults {
            if !entry.properties.iter().any(|(given, _)| given.eq_ignore_ascii_case(name)) {
                entry.properties.push((name.to_owned(), value));
            }
        }
    }
}

fn host_listener(listener: &Listener) -> dropins_host::Listener {
    let binding = match &listener.plugin {
        PluginSelector::Name(name) => Binding::Name(name.clone()),
        PluginSelector::File(file) => Binding::File(file.clone()),
    };
    let properties = listener.properties.iter();
    let properties = properties.flat_map(|one| one.values.iter().map(|value| (one.name.clone(), value.clone())));
    dropins_host::Listener {
        id: listener.id.clone().unwrap_or_else(|| match &binding {
            Binding::Name(name) | Binding::File(name) => name.clone(),
        }),
        binding,
        order: i64::from(listener.order),
        properties: properties.collect(),
        pin: listener.digest.as_deref().and_then(|digest| digest.parse().ok()),
        isolation: listener.isolation,
        shadow: listener.shadow.clone(),
    }
}
