//! Which audience each client sent last, and whether the strict mode would accept it: for the operator who wants to
//! switch to it.
//!
//! Plug-ins report it as attributes of an authenticated client (`AudienceReport = "strict"`). At most `KEPT` clients are
//! remembered; for one more, the one that has been silent for longest is forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use dropins_host::{Client, Decision, Verdict};
use serde::{Deserialize, Serialize};

const KEPT: usize = 10_000;
/// Bytes of an audience that are remembered.
const TEXT: usize = 256;

/// The beginning of an id that is a URL: strangers may have chosen it, so it makes none forgotten.
const URL: &str = "https://";

/// The attributes of a verdict.
const AUDIENCE: &str = "aud";
const STRICT: &str = "aud_strict";
const ACCEPTED: &str = "accepted";

/// What a client sent last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentAudience {
    /// The client.
    pub client_id: String,
    /// The claim `aud`, shortened.
    pub audience: String,
    /// Whether `AudienceMode = "strict"` accepts it.
    pub strict: bool,
    /// Seconds since the Unix epoch.
    pub time: u64,
}

/// What each client sent last.
#[derive(Default)]
pub struct Audiences(Mutex<HashMap<String, SentAudience>>);

/// Whether the strict mode would accept what this client sent; `None` if its plug-in reports no audience.
pub fn strict(client: &Client) -> Option<bool> {
    client.attribute(STRICT).map(|word| word == ACCEPTED)
}

impl Audiences {
    /// Notes what an authenticated client sent; other decisions are ignored, because an attacker can cause them.
    pub fn note(&self, time: u64, decision: &Decision) {
        let Verdict::Authenticated(client) = &decision.verdict else { return };
        let Some((audience, strict)) = client.attribute(AUDIENCE).zip(strict(client)) else { return };
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = clients.get_mut(&client.id) {
            if known.audience != cut(audience) {
                cut(audience).clone_into(&mut known.audience);
            }
            (known.strict, known.time) = (strict, time);
            return;
        }
        if clients.len() >= KEPT && client.id.starts_with(URL) {
            return;
        }
        if clients.len() >= KEPT
            && let Some(silent) = clients.values().min_by_key(|sent| sent.time).map(|sent| sent.client_id.clone())
        {
            clients.remove(&silent);
        }
        let client_id = client.id.clone();
        let sent = SentAudience { client_id: client_id.clone(), audience: cut(audience).to_owned(), strict, time };
        clients.insert(client_id, sent);
    }

    /// What each client sent last, those that the strict mode rejects first, by client id.
    pub fn all(&self) -> Vec<SentAudience> {
        let mut all: Vec<_> = self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        all.sort_by(|one, other| (one.strict, &one.client_id).cmp(&(other.strict, &other.client_id)));
        all
    }
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dropins_host::{Evidence, Rejection};

    use super::*;

    fn decision(id: &str, attributes: &[(&str, &str)]) -> Decision {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Decision {
            verdict: Verdict::Authenticated(Client { id: id.to_owned(), method: String::new(), attributes }),
            plugin: None,
            evidence: Evidence::default(),
            generation: 1,
            duration: Duration::ZERO,
            explanation: None,
        }
    }

    #[test]
    fn the_last_audience_of_each_client_is_remembered_and_those_that_fail_come_first() {
        let audiences = Audiences::default();
        audiences.note(1, &decision("a", &[("aud", "old"), ("aud_strict", "rejected")]));
        audiences.note(2, &decision("a", &[("aud", "issuer"), ("aud_strict", "accepted")]));
        audiences.note(3, &decision("b", &[("aud", &"é".repeat(500)), ("aud_strict", "rejected")]));
        audiences.note(4, &decision("c", &[("aud", "x")]));
        let all = audiences.all();
        assert_eq!(
            all.iter().map(|sent| (sent.client_id.as_str(), sent.strict, sent.time)).collect::<Vec<_>>(),
            [("b", false, 3), ("a", true, 2)]
        );
        assert_eq!((all[0].audience.len(), all[1].audience.as_str()), (TEXT, "issuer"));
    }

    #[test]
    fn a_rejected_request_is_not_noted() {
        let audiences = Audiences::default();
        let rejection = Rejection { error: String::new(), reason: String::new(), detail: String::new() };
        audiences.note(1, &Decision { verdict: Verdict::Rejected(rejection), ..decision("a", &[]) });
        assert_eq!(audiences.all(), []);
    }

    #[test]
    fn the_number_of_clients_is_bounded_and_the_most_silent_one_is_forgotten() {
        let audiences = Audiences::default();
        let note = |time, id: &str| audiences.note(time, &decision(id, &[("aud", "x"), ("aud_strict", "accepted")]));
        (0..KEPT).for_each(|number| note(10 + number as u64, &format!("c{number}")));
        note(u64::MAX, "c0");
        note(u64::MAX, "new");
        let all = audiences.all();
        let has = |id: &str| all.iter().any(|sent| sent.client_id == id);
        assert_eq!((all.len(), has("c0"), has("c1"), has("new")), (KEPT, true, false, true));
        note(u64::MAX, "https://stranger.example/id");
        assert!(!audiences.all().iter().any(|sent| sent.client_id.starts_with(URL)));
    }
}
