//! Times and digests as operators read them, on a terminal and on a page.

use dropins_host::Digest;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// `2027-01-15T08:00:00Z`, of seconds since the Unix epoch.
pub fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// What tells a digest from others: `sha256:0123456789ab`.
pub fn short(digest: &Digest) -> String {
    format!("sha256:{}", digest.short())
}

/// Seconds in their two largest units: `40 d 0 h`.
pub fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_at_most_two_units() {
        assert_eq!([59, 60, 3_661, 3_456_004].map(span), ["59 s", "1 min 0 s", "1 h 1 min", "40 d 0 h"]);
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(utc(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(utc(u64::MAX), "18446744073709551615 s after 1970");
    }
}
