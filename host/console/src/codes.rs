//! Codes that sign in once: `dropins console` prints them.
//!
//! A code has 119 random bits and is valid for a minute, so guesses are not counted against it. Its hash alone is kept.

use std::sync::{Arc, Mutex, PoisonError};

use dropins_protocol::{NoRandomness, TokenHash, random};
use dropins_services::Clock;

/// How long a code is valid, in seconds.
pub(crate) const VALIDITY: u64 = 60;
/// Letters and digits of a code.
const LENGTH: usize = 20;
/// Codes that are valid at once; a further one ends the oldest.
const MOST: usize = 16;

/// The codes that are valid.
pub(crate) struct Codes {
    clock: Arc<dyn Clock>,
    valid: Mutex<Vec<(TokenHash, u64)>>,
}

impl Codes {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, valid: Mutex::default() }
    }

    /// A new code, in groups of five.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn issue(&self) -> Result<String, NoRandomness> {
        let (code, now) = (random::text(LENGTH)?, self.clock.now_seconds());
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        valid.retain(|(_, until)| *until > now);
        if valid.len() >= MOST {
            valid.remove(0);
        }
        valid.push((TokenHash::of(&code), now.saturating_add(VALIDITY)));
        let letters: Vec<char> = code.chars().collect();
        Ok(letters.chunks(5).map(String::from_iter).collect::<Vec<_>>().join("-"))
    }

    /// Whether the code is valid; it is not from then on. Hyphens and white space do not count.
    pub(crate) fn redeem(&self, given: &str) -> bool {
        let code: String = given.chars().filter(char::is_ascii_alphanumeric).collect();
        let now = self.clock.now_seconds();
        let mut valid = self.valid.lock().unwrap_or_else(PoisonError::into_inner);
        let place = valid.iter().position(|(hash, until)| *until > now && hash.matches(&code));
        place.map(|place| valid.remove(place)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_services::FixedClock;

    fn codes() -> (Codes, Arc<FixedClock>) {
        let clock = Arc::new(FixedClock::at(1_000_000));
        (Codes::new(Arc::clone(&clock) as _), clock)
    }

    #[test]
    fn a_code_is_valid_once_and_for_a_minute() {
        let (codes, clock) = codes();
        let (first, second) = (codes.issue().unwrap(), codes.issue().unwrap());
        assert_ne!(first, second);
        assert!(codes.redeem(&format!(" {} \n", first.replace('-', " "))));
        assert!(!codes.redeem(&first), "once");
        clock.set(1_000_000 + VALIDITY * 1000);
        assert!(!codes.redeem(&second), "expired");
        for wrong in ["", "-", "AAAAA-AAAAA-AAAAA-AAAAA"] {
            assert!(!codes.redeem(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn a_further_code_ends_the_oldest() {
        let (codes, _clock) = codes();
        let issued: Vec<_> = (0..=MOST).map(|_| codes.issue().unwrap()).collect();
        assert!(!codes.redeem(&issued[0]) && codes.redeem(&issued[1]) && codes.redeem(&issued[MOST]));
    }
}
