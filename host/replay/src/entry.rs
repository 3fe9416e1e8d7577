//! One use of an assertion as the store sees it, and what the store says about it.
//!
//! Times are whole seconds. A pair is remembered while `expires_at > now` with `now` rounded down; because
//! `expires_at` is a whole second, this is the same as comparing milliseconds, and as `exp` plus the leniency was
//! rounded up, there is no instant at which an assertion is valid but its pair is free. Rejected are uses that could
//! not be remembered: expired at their own `now`, or with names longer than the columns.

use dropins_services::{Memory, Unavailable, Use};

/// The part that [`Unavailable`] names.
pub(crate) const PART: &str = "replay store";

/// The longest client id and `jti`, in bytes: the size of the columns.
pub const MAX_BYTES: usize = 255;

/// What identifies an assertion; ordered and compared byte by byte.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The client.
    pub client_id: String,
    /// The assertion's `jti`.
    pub jti: String,
}

/// A use that waits for its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The pair.
    pub key: Key,
    /// The assertion's `iat`, or else the second of the decision; for operators who read the table.
    pub created_at: u64,
    /// When the pair is free again.
    pub expires_at: u64,
    /// The second of the decision. It is the only clock that the decision knows.
    pub now: u64,
}

/// What the store says about an [`Entry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The pair was free and is now durably remembered until the entry's `expires_at`.
    First,
    /// The pair is taken.
    Seen {
        /// The pair is remembered at least until here.
        until: u64,
    },
}

impl Outcome {
    /// Until when the pair of this entry is known to be remembered.
    pub(crate) fn until(self, entry: &Entry) -> u64 {
        match self {
            Self::First => entry.expires_at,
            Self::Seen { until } => until,
        }
    }
}

impl From<Outcome> for Memory {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::First => Self::First,
            Outcome::Seen { .. } => Self::Seen,
        }
    }
}

impl Entry {
    /// The verdict when the pair is stored with this expiry, or not stored.
    pub(crate) fn judge(&self, stored: Option<u64>) -> Memory {
        match stored {
            Some(until) if until > self.now => Memory::Seen,
            _ => Memory::First,
        }
    }
}

impl TryFrom<Use> for Entry {
    type Error = Unavailable;

    fn try_from(used: Use) -> Result<Self, Unavailable> {
        let now = used.now / 1000;
        for (name, value) in [("client id", &used.client_id), ("jti", &used.jti)] {
            if value.len() > MAX_BYTES {
                let length = value.len();
                return Err(down(format_args!("a {name} of {length} bytes does not fit its {MAX_BYTES} bytes")));
            }
        }
        if used.expires_at <= now {
            let late = now - used.expires_at;
            return Err(down(format_args!("the use was over {late} s before it could be remembered")));
        }
        Ok(Self {
            key: Key { client_id: used.client_id, jti: used.jti },
            created_at: used.issued_at.unwrap_or(now),
            expires_at: used.expires_at,
            now,
        })
    }
}

/// Seconds for a signed column; the end of its range is practically forever.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn signed(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

/// Seconds from a signed column.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn unsigned(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0)
}

/// The replay store is down, and why.
pub(crate) fn down(detail: impl std::fmt::Display) -> Unavailable {
    Unavailable::new(PART, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn used(now: u64, expires_at: u64) -> Use {
        Use { client_id: "c".into(), jti: "j".into(), issued_at: None, expires_at, now, cached: true, attempt: None }
    }

    #[test]
    fn created_at_is_the_iat_or_else_the_second_of_the_decision() {
        let without = Entry::try_from(used(5_999, 6)).unwrap();
        assert_eq!((without.created_at, without.now), (5, 5));
        let with = Entry::try_from(Use { issued_at: Some(3), ..used(5_999, 6) }).unwrap();
        assert_eq!(with.created_at, 3);
    }

    #[test]
    fn a_use_that_has_expired_is_rejected() {
        assert!(Entry::try_from(used(5_999, 6)).is_ok());
        let error = Entry::try_from(used(6_000, 6)).unwrap_err();
        assert!(error.to_string().contains("over 0 s before"), "{error}");
    }

    #[test]
    fn names_fit_their_columns_to_the_byte() {
        for (length, fits) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let long = "é".repeat(length / 2) + &"x".repeat(length % 2);
            assert_eq!(Entry::try_from(Use { jti: long.clone(), ..used(0, 9) }).is_ok(), fits);
            assert_eq!(Entry::try_from(Use { client_id: long, ..used(0, 9) }).is_ok(), fits);
        }
    }

    proptest! {
        /// `exp` and the skew in milliseconds: fractions of a second are where rounding could open a gap.
        #[test]
        fn no_instant_at_which_an_assertion_is_valid_but_its_pair_free(exp in 0_u64..10_000, skew in 0_u64..3_000, now in 0_u64..15_000) {
            let expires_at = (exp + skew).div_ceil(1000);
            let valid = exp + skew > now;
            let free = expires_at <= now / 1000;
            prop_assert!(!(valid && free));
            prop_assert_eq!(free, expires_at * 1000 <= now, "whole seconds lose nothing against milliseconds");
        }
    }
}
