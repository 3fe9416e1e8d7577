//! Whether the expected used assertions fit into the size that the configuration states.
//!
//! An assertion is remembered for its lifetime and the clock skew, so the longest lifetime that any client may use decides.

use std::time::Duration;

use dropins_replay::{Capacity, ReplaySettings};

use dropins_config::Deployment;

const LIFETIME: &str = "MaxLifetimeInMinutes";
const CLOCK_SKEW: &str = "ClockSkewInSeconds";

/// The default of the plug-in.
const DEFAULT_LIFETIME_MINUTES: u64 = 60;

/// A sentence if the assertions outgrow the stated size.
pub(crate) fn warning(deployment: &Deployment, settings: &ReplaySettings) -> Option<String> {
    let load = deployment.replay_load;
    let capacity = Capacity { per_second: f64::from(load.expected_rate), lifetime: remembered_for(deployment) };
    capacity.warning(settings, load.size_limit)
}

/// The longest time for which an assertion is remembered.
fn remembered_for(deployment: &Deployment) -> Duration {
    let configured = |name| largest(deployment, name);
    let overrides = deployment.service_providers.iter().flat_map(|client| &client.record.overrides);
    let overrides = overrides.filter(|(name, _)| name == LIFETIME).flat_map(|(_, values)| values);
    let general = configured(LIFETIME).unwrap_or(DEFAULT_LIFETIME_MINUTES);
    let minutes = overrides.filter_map(|value| value.parse().ok()).fold(general, u64::max);
    let skew = configured(CLOCK_SKEW).unwrap_or(deployment.oauth.timestamp_skew.as_secs());
    Duration::from_secs(minutes.saturating_mul(60).saturating_add(skew))
}

/// The largest value of this property in any enabled listener. The plug-in checks whether it is valid.
fn largest(deployment: &Deployment, name: &str) -> Option<u64> {
    let enabled = deployment.listeners.iter().filter(|listener| listener.enabled);
    let named = enabled.flat_map(|listener| &listener.properties).filter(|one| one.name.eq_ignore_ascii_case(name));
    named.flat_map(|property| &property.values).filter_map(|value| value.parse().ok()).max()
}

#[cfg(test)]
mod tests {
    use dropins_replay::Location;

    use super::*;
    use dropins_config::{Environment, parse};

    fn read(text: &str) -> Deployment {
        parse(text, &Environment::default()).unwrap_or_else(|problems| panic!("{problems}")).0
    }

    #[test]
    fn the_longest_lifetime_and_the_skew_count() {
        let listener = |rest: &str| format!("[[event_listener]]\nname = 'x'\n[event_listener.properties]\n{rest}\n");
        let client = "[[service_provider]]\nclient_id = 'a'\nmax_lifetime_in_minutes = 10\n";
        for (text, seconds) in [
            (String::new(), 3630),
            ("[oauth]\ntimestamp_skew = '5s'".to_owned(), 3605),
            (listener("MaxLifetimeInMinutes = '5'"), 330),
            (listener("maxlifetimeinminutes = 5\nClockSkewInSeconds = 0"), 300),
            (listener("MaxLifetimeInMinutes = 5") + client, 630),
            (listener("") + client, 3630),
        ] {
            assert_eq!(remembered_for(&read(&text)), Duration::from_secs(seconds), "{text}");
        }
    }

    #[test]
    fn a_warning_is_due_when_rate_and_lifetime_outgrow_the_stated_size() {
        let warning = |text: &str| warning(&read(text), &ReplaySettings::new(Location::Memory));
        assert_eq!(warning(""), None, "the defaults fit");
        assert_eq!(warning("[replay_store]\nexpected_rate = 600"), None);
        let outgrown = warning("[replay_store]\nexpected_rate = 1000").unwrap();
        assert!(outgrown.contains("1000 assertions a second") && outgrown.contains("1073741824"), "{outgrown}");
        assert!(warning("[replay_store]\nsize_limit = '10MiB'").is_some());
        assert_eq!(warning("[replay_store]\nexpected_rate = 1000\nsize_limit = '2GiB'"), None);
    }
}
