//! The validity period of a certificate, and the warning about it at a given time.
//!
//! An expired certificate rejects its client at run time (`CertificateValidity`); it never stops the start.

use x509_parser::certificate::Validity as X509Validity;
use x509_parser::time::ASN1Time;

/// Expiry within this many seconds (30 days) is reported.
const SOON: i64 = 30 * DAY;
const DAY: i64 = 24 * 60 * 60;

/// From and to, seconds since the Unix epoch, both inclusive (RFC 5280 section 4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    pub(crate) not_before: i64,
    pub(crate) not_after: i64,
}

impl From<&X509Validity> for Validity {
    fn from(validity: &X509Validity) -> Self {
        Self { not_before: validity.not_before.timestamp(), not_after: validity.not_after.timestamp() }
    }
}

impl Validity {
    /// A warning if the certificate is not valid at `now`, in seconds since the Unix epoch, or expires soon.
    pub(crate) fn warning(self, now: i64) -> Option<String> {
        let Self { not_before, not_after } = self;
        if let Some(expired) = self.expired(now) {
            Some(format!("{expired}: its client is refused until it registers a new one"))
        } else if now < not_before {
            Some(format!("the certificate is not valid before {}: its client is refused until then", date(not_before)))
        } else if not_after.saturating_sub(now) <= SOON {
            let days = not_after.saturating_sub(now) / DAY;
            Some(format!("the certificate expires on {}, in {days} days: register a new one before", date(not_after)))
        } else {
            None
        }
    }

    /// When the certificate expired, if it has.
    pub(crate) fn expired(self, now: i64) -> Option<String> {
        let days = now.saturating_sub(self.not_after) / DAY;
        (now > self.not_after).then(|| format!("the certificate expired on {}, {days} days ago", date(self.not_after)))
    }
}

/// The day in UTC.
fn date(seconds: i64) -> String {
    match ASN1Time::from_timestamp(seconds) {
        Ok(time) => time.to_datetime().date().to_string(),
        Err(_) => format!("{seconds} s after 1970"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Validity = Validity { not_before: 1_000 * DAY, not_after: 2_000 * DAY };

    #[test]
    fn a_certificate_is_silent_while_it_is_valid_for_long() {
        for now in [PERIOD.not_before, 1_500 * DAY, PERIOD.not_after - SOON - 1] {
            assert_eq!(PERIOD.warning(now), None, "{now}");
        }
    }

    #[test]
    fn a_certificate_outside_its_period_or_near_the_end_is_reported_with_the_date() {
        let cases = [
            (PERIOD.not_before - 1, "not valid before 1972-09-27"),
            (PERIOD.not_after - SOON, "expires on 1975-06-24, in 30 days"),
            (PERIOD.not_after, "expires on 1975-06-24, in 0 days"),
            (PERIOD.not_after + 3 * DAY, "expired on 1975-06-24, 3 days ago"),
        ];
        for (now, expected) in cases {
            let warning = PERIOD.warning(now).expect("a warning");
            assert!(warning.contains(expected), "{warning}");
        }
    }
}
