//! When a changed key takes effect.

/// When a changed key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// While the server runs, with the next reload.
    Live,
    /// At a restart; until then the running values of the whole section hold.
    Restart,
    /// At a start, if there is no user of this name.
    FirstStart,
    /// `dropins check` reads it.
    Check,
}

impl Effect {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Restart => "at a restart",
            Self::FirstStart => "at a start without that user",
            Self::Check => "read by check",
        }
    }

    /// That of the key at this path. What waits for a restart is in `dropins_live::restart`.
    pub(super) fn of(path: &str) -> Self {
        let below = |section: &str| path.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'));
        match path {
            "replay_store.expected_rate" | "replay_store.size_limit" => Self::Check,
            "transport.https.listen" | "transport.https.enabled" | "transport.admin.listen" | "transport.admin.tls" => {
                Self::Restart
            }
            _ if below("transport.http") || below("database.identity_db") || below("replay_store") => Self::Restart,
            _ if below("super_admin") => Self::FirstStart,
            _ => Self::Live,
        }
    }
}
