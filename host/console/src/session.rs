//! Who has signed in: a random id in a cookie, of which the server keeps the hash.
//!
//! A session ends after a quarter of an hour without a request, after eight hours, when the operator signs out, when the
//! admin token that began it is no longer the configured one, and with the server.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use dropins_protocol::{NoRandomness, TokenHash, random};
use dropins_services::Clock;

/// Seconds without a request after which a session ends.
pub(crate) const IDLE: u64 = 15 * 60;
/// Seconds after which every session ends.
const LONGEST: u64 = 8 * 3600;
/// Sessions at once; a further one ends the one that was idle longest.
const MOST: usize = 64;
/// Letters and digits of an id: 256 bits.
const LENGTH: usize = 43;

/// How an operator signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum By {
    /// By the code that the command line printed.
    Code,
    /// By the admin token with this hash.
    Token(TokenHash),
}

impl By {
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token(_) => "token",
        }
    }
}

/// What the next page tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Notice {
    /// Whether it is as the operator wished.
    pub(crate) good: bool,
    /// One sentence.
    pub(crate) text: String,
    /// Further lines, as a tool prints them.
    pub(crate) lines: Vec<String>,
}

/// What is known of a session that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signed {
    /// What each form of it carries.
    pub(crate) csrf: String,
    pub(crate) by: By,
}

struct Session {
    signed: Signed,
    begun: u64,
    last_seen: u64,
    notice: Option<Notice>,
}

/// The sessions, by the hash of their id.
pub(crate) struct Sessions {
    clock: Arc<dyn Clock>,
    live: Mutex<BTreeMap<String, Session>>,
}

impl Sessions {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, live: Mutex::default() }
    }

    /// Begins a session; returns the id for the cookie.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn begin(&self, by: By) -> Result<String, NoRandomness> {
        let (id, csrf, now) = (random::text(LENGTH)?, random::text(LENGTH)?, self.clock.now_seconds());
        let session = Session { signed: Signed { csrf, by }, begun: now, last_seen: now, notice: None };
        self.with(|sessions| {
            if sessions.len() >= MOST
                && let Some(idlest) = sessions.iter().min_by_key(|(_, one)| one.last_seen).map(|(key, _)| key.clone())
            {
                sessions.remove(&idlest);
            }
            sessions.insert(key(&id), session);
        });
        Ok(id)
    }

    /// The session of this id, which is not idle from then on; `token` is the configured admin token.
    pub(crate) fn find(&self, id: &str, token: Option<&str>) -> Option<Signed> {
        let now = self.clock.now_seconds();
        self.with(|sessions| {
            let session = sessions.get_mut(&key(id))?;
            let stands = match &session.signed.by {
                By::Code => true,
                By::Token(hash) => token.is_some_and(|token| hash.matches(token)),
            };
            if !stands {
                sessions.remove(&key(id));
                return None;
            }
            session.last_seen = now;
            Some(session.signed.clone())
        })
    }

    /// Ends a session.
    pub(crate) fn end(&self, id: &str) {
        self.with(|sessions| sessions.remove(&key(id)));
    }

    /// Has the next page of a session tell something.
    pub(crate) fn tell(&self, id: &str, notice: Notice) {
        self.with(|sessions| sessions.get_mut(&key(id)).map(|session| session.notice = Some(notice)));
    }

    /// What the page of a session is to tell, once.
    pub(crate) fn told(&self, id: &str) -> Option<Notice> {
        self.with(|sessions| sessions.get_mut(&key(id))?.notice.take())
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<String, Session>) -> T) -> T {
        let now = self.clock.now_seconds();
        let mut sessions = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let lives = |since: u64, limit: u64| now.saturating_sub(since) < limit;
        sessions.retain(|_, session| lives(session.last_seen, IDLE) && lives(session.begun, LONGEST));
        change(&mut sessions)
    }
}

fn key(id: &str) -> String {
    TokenHash::of(id).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_services::FixedClock;

    fn sessions() -> (Sessions, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(0));
        (Sessions::new(Arc::clone(&clock) as _), clock)
    }

    #[test]
    fn a_session_lives_while_it_is_used_and_ends_when_it_is_idle_or_old() {
        let (sessions, clock) = sessions();
        let id = sessions.begin(By::Code).unwrap();
        let mut now = 0;
        while now + IDLE - 1 < LONGEST {
            now += IDLE - 1;
            clock.set(now * 1000);
            assert!(sessions.find(&id, None).is_some(), "after {now} s");
        }
        clock.set(LONGEST * 1000);
        assert_eq!(sessions.find(&id, None), None, "old");
        let id = sessions.begin(By::Code).unwrap();
        clock.set((LONGEST + IDLE) * 1000);
        assert_eq!(sessions.find(&id, None), None, "idle");
    }

    #[test]
    fn a_session_ends_with_its_token_and_when_the_operator_says_so() {
        let (sessions, _clock) = sessions();
        let id = sessions.begin(By::Token(TokenHash::of("t"))).unwrap();
        assert!(sessions.find(&id, Some("t")).is_some());
        assert_eq!(sessions.find(&id, Some("u")), None);
        assert_eq!(sessions.find(&id, Some("t")), None, "it ended");
        let id = sessions.begin(By::Code).unwrap();
        sessions.end(&id);
        assert_eq!(sessions.find(&id, None), None);
        assert_eq!(sessions.find("", None), None);
    }

    #[test]
    fn a_further_session_ends_the_idlest() {
        let (sessions, clock) = sessions();
        let first = sessions.begin(By::Code).unwrap();
        clock.set(1_000);
        let others: Vec<_> = (0..MOST).map(|_| sessions.begin(By::Code).unwrap()).collect();
        assert_eq!(sessions.find(&first, None), None);
        assert!(others.iter().all(|id| sessions.find(id, None).is_some()));
    }

    #[test]
    fn what_is_to_be_told_is_told_once() {
        let (sessions, _clock) = sessions();
        let id = sessions.begin(By::Code).unwrap();
        sessions.tell(&id, Notice { good: true, ..Notice::default() });
        assert!(sessions.told(&id).is_some_and(|notice| notice.good));
        assert_eq!(sessions.told(&id), None);
    }
}
