//! The times of an assertion: `exp`, `nbf` and `iat` against the one clock of the request.
//!
//! The clock skew is granted where clocks of two machines are compared (`exp`, `nbf` and `iat` in the future); the age
//! of an assertion has none. The lifetime is measured from now, because `iat` is only a claim of the client.

use dropins_strict_json::Value;

use crate::claims::Claims;
use crate::policy::Policy;
use crate::reason::{Reason, Rejection, Report};
use crate::received::Received;
use crate::time::{Instant, NumericDate};

/// Times that satisfy the rules.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    expiry: NumericDate,
    /// `iat`, when the assertion has one.
    pub(crate) issued_at: Option<NumericDate>,
}

impl Lifetime {
    /// Applies the rules of time; `now` is in milliseconds.
    pub(crate) fn check(
        claims: &Claims<'_>,
        policy: &Policy,
        now: u64,
        report: &mut Report,
    ) -> Result<Self, Rejection> {
        let values = ["exp", "nbf", "iat"].map(|name| claims.get(name));
        let [exp, ..] = values;
        report.check(Reason::ExpiryMissing, exp.is_some(), format_args!("exp"), format_args!("{}", Received(exp)))?;
        let times = values.map(|value| value.and_then(NumericDate::from_json));
        let [expiry, not_before, issued_at] = times;
        let odd = values.into_iter().zip(times).find(|(value, time)| value.is_some() && time.is_none());
        report.check(
            Reason::TimeInvalid,
            odd.is_none(),
            format_args!("numbers of seconds, from 0 and below 2^53"),
            format_args!("{}", Times(values)),
        )?;
        report.check(
            Reason::TimeInMilliseconds,
            !times.into_iter().flatten().any(NumericDate::looks_like_milliseconds),
            format_args!("seconds; now is {}", Instant(now)),
            format_args!("{}", Times(values)),
        )?;
        let Some(expiry) = expiry else {
            return Err(Rejection::new(Reason::ExpiryMissing, format_args!("exp"), format_args!("nothing")));
        };

        let skew = policy.clock_skew;
        report.check(
            Reason::Expired,
            expiry.millis() + skew > now,
            format_args!("exp after {} (now {} less the clock skew)", Instant(now.saturating_sub(skew)), Instant(now)),
            format_args!("exp {}", Instant(expiry.millis())),
        )?;
        let latest = now.saturating_add(policy.longest_lifetime()).saturating_add(skew);
        report.check(
            Reason::LifetimeTooLong,
            expiry.millis() <= latest,
            format_args!(
                "exp up to {} ({} minutes and the clock skew ahead of now {})",
                Instant(latest),
                policy.longest_lifetime() / 60_000,
                Instant(now)
            ),
            format_args!("exp {}", Instant(expiry.millis())),
        )?;
        let ahead = now.saturating_add(policy.leniency_ahead());
        not_ahead(not_before, "nbf", ahead, now, Reason::NotYetValid, report)?;
        not_after(not_before, "nbf", expiry, Reason::NotBeforeAfterExpiry, report)?;
        not_ahead(issued_at, "iat", ahead, now, Reason::IssuedInFuture, report)?;
        not_after(issued_at, "iat", expiry, Reason::IssuedAfterExpiry, report)?;
        let earliest = if policy.reject_before == 0 { 0 } else { now.saturating_sub(policy.reject_before) };
        report.check(
            Reason::TooOld,
            issued_at.is_none_or(|issued_at| issued_at.millis() >= earliest),
            format_args!(
                "iat from {} ({} minutes before now {})",
                Instant(earliest),
                policy.reject_before / 60_000,
                Instant(now)
            ),
            format_args!("iat {}", Optional(issued_at)),
        )?;
        Ok(Self { expiry, issued_at })
    }

    /// When the pair of client and `jti` expires: `exp` and the clock skew, in seconds, rounded up.
    pub(crate) fn replay_horizon(&self, policy: &Policy) -> u64 {
        (self.expiry.millis() + policy.clock_skew).div_ceil(1000)
    }
}

fn not_ahead(
    time: Option<NumericDate>,
    name: &str,
    latest: u64,
    now: u64,
    reason: Reason,
    report: &mut Report,
) -> Result<(), Rejection> {
    report.check(
        reason,
        time.is_none_or(|time| time.millis() <= latest),
        format_args!("{name} up to {} (now {} and the clock skew)", Instant(latest), Instant(now)),
        format_args!("{name} {}", Optional(time)),
    )
}

fn not_after(
    time: Option<NumericDate>,
    name: &str,
    expiry: NumericDate,
    reason: Reason,
    report: &mut Report,
) -> Result<(), Rejection> {
    report.check(
        reason,
        time.is_none_or(|time| time <= expiry),
        format_args!("{name} up to exp {}", Instant(expiry.millis())),
        format_args!("{name} {}", Optional(time)),
    )
}

/// Shows a time that may be absent.
struct Optional(Option<NumericDate>);

impl std::fmt::Display for Optional {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(time) => Instant(time.millis()).fmt(f),
            None => f.write_str("absent"),
        }
    }
}

/// Shows `exp`, `nbf` and `iat` as they were received.
struct Times<'a>([Option<&'a Value<'a>>; 3]);

impl std::fmt::Display for Times<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [exp, nbf, iat] = self.0;
        write!(f, "exp {}, nbf {}, iat {}", Received(exp), Received(nbf), Received(iat))
    }
}
