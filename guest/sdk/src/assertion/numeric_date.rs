//! NumericDate (RFC 7519 section 2): seconds since the Unix epoch, integers or fractions.
//!
//! Kept in milliseconds, the precision of the clock. Negative times, times of 2^53 and more, and other JSON types are
//! rejected. What looks like milliseconds has a reason of its own, because it is the most frequent mistake.

use std::fmt;

use dropins_strict_json::Value;

/// 2^53: from here on not every integer is a JSON number of its own.
const LIMIT: f64 = 9_007_199_254_740_992.0;

/// In seconds this is the year 5138; in milliseconds, 1973.
const MILLISECONDS_FROM: u64 = 100_000_000_000;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct NumericDate {
    millis: u64,
}

impl NumericDate {
    /// The time of a JSON value. Returns `None` if it is not a number or out of range.
    pub fn from_json(value: &Value<'_>) -> Option<Self> {
        value.number().and_then(Self::from_seconds)
    }

    fn from_seconds(seconds: f64) -> Option<Self> {
        if !(0.0..LIMIT).contains(&seconds) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= seconds < 2^53")]
        Some(Self { millis: (seconds * 1000.0).round() as u64 })
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> u64 {
        self.millis
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> u64 {
        self.millis / 1000
    }

    /// Whether the client wrote milliseconds instead of seconds.
    pub const fn looks_like_milliseconds(self) -> bool {
        self.seconds() >= MILLISECONDS_FROM
    }
}

/// Shows milliseconds since the Unix epoch as seconds: `1700000000` or `1700000000.250`.
#[derive(Debug, Clone, Copy)]
pub struct Instant(pub u64);

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1000 {
            0 => write!(f, "{}", self.0 / 1000),
            fraction => write!(f, "{}.{fraction:03}", self.0 / 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(seconds: f64) -> Option<NumericDate> {
        NumericDate::from_seconds(seconds)
    }

    #[test]
    fn integers_and_fractions_are_times() {
        assert_eq!(date(1_700_000_000.0).unwrap().millis(), 1_700_000_000_000);
        assert_eq!(date(1_700_000_000.25).unwrap().millis(), 1_700_000_000_250);
        assert_eq!(date(1_700_000_000.999).unwrap().seconds(), 1_700_000_000);
        assert_eq!(date(0.0).unwrap().millis(), 0);
        assert_eq!(date(-0.0).unwrap().millis(), 0);
        assert!(date(LIMIT - 1.0).is_some());
        assert_eq!(NumericDate::from_json(&Value::Number(1_700_000_000.into())), date(1_700_000_000.0));
    }

    #[test]
    fn negative_huge_and_untyped_times_are_rejected() {
        assert!(
            [-0.001, -1.0, LIMIT, 1e300, f64::INFINITY, f64::NAN].into_iter().all(|seconds| date(seconds).is_none())
        );
        for value in [Value::Null, Value::Bool(true), Value::Text("1700000000".into()), Value::List(Vec::new())] {
            assert_eq!(NumericDate::from_json(&value), None);
        }
    }

    #[test]
    fn milliseconds_are_recognised() {
        assert!(date(100_000_000_000.0).unwrap().looks_like_milliseconds());
        assert!(!date(99_999_999_999.0).unwrap().looks_like_milliseconds());
    }

    #[test]
    fn an_instant_shows_a_fraction_only_when_it_has_one() {
        assert_eq!(Instant(1_700_000_000_000).to_string(), "1700000000");
        assert_eq!(Instant(1_700_000_000_050).to_string(), "1700000000.050");
    }
}
