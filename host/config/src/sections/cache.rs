//! `[cache.private_key_jwt]` and `[[cache.manager]]`: the cache in front of the replay store.
//!
//! Caches of other names are accepted with a notice; the same name twice is a problem.

use std::ops::Range;
use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::schema::settings::Section;

/// The cache of used assertions in front of the replay store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayCache {
    /// Whether there is one.
    pub enabled: bool,
    /// How long an entry is kept.
    pub timeout: Duration,
    /// Number of entries.
    pub capacity: u64,
}

impl ReplayCache {
    /// Timeout and capacity of the store's cache; one that is off holds nothing.
    pub fn size(&self) -> (Duration, u64) {
        (self.timeout, if self.enabled { self.capacity } else { 0 })
    }

    const NAME: &str = "PrivateKeyJWT";

    /// `[cache.private_key_jwt]`, replaced as a whole by a `[[cache.manager]]` of that name.
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        let mut cache = Self {
            enabled: settings.boolean("cache.private_key_jwt.enable"),
            timeout: settings.duration("cache.private_key_jwt.timeout"),
            capacity: settings.number("cache.private_key_jwt.capacity"),
        };
        let mut seen: Vec<(String, Range<usize>)> = Vec::new();
        for manager in settings.elements("cache.manager") {
            let span = manager.span("cache.manager.name");
            let Some(name) = manager.text("cache.manager.name") else {
                let problem = Problem::new(Code::Missing, span, "cache.manager.name", "a cache manager has a `name`");
                findings.problem(problem.help(format!("name = \"{}\" is the cache of this server", Self::NAME)));
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == name) {
                let message = format!("there are two cache managers named `{name}`");
                let problem = Problem::new(Code::Conflict, span.clone(), "cache.manager.name", message);
                findings.problem(problem.help(format!("{}; change that entry", findings.first_at(first))));
            } else if name == Self::NAME {
                cache = Self {
                    enabled: true,
                    timeout: manager.duration("cache.manager.timeout"),
                    capacity: manager.number("cache.manager.capacity"),
                };
            } else {
                let near = spelling::nearest(&name, [Self::NAME]).map(|near| format!("; did you mean `{near}`?"));
                let message =
                    format!("the cache `{name}` is accepted, without meaning here{}", near.unwrap_or_default());
                findings.notice(&span, "cache.manager", message);
            }
            seen.push((name, span));
        }
        cache
    }
}
