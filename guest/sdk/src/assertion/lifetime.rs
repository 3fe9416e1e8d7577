//! The times of an assertion: `exp`, `nbf` and `iat` against the one clock of the request.
//!
//! The clock skew is granted where clocks of two machines are compared (`exp`, `nbf` and `iat` in the future); the age
//! of an assertion has none. The lifetime is measured from now, because `iat` is only a claim of the client; where an
//! issuer is trusted, from its `iat` too, so that an old token is judged as a new one.

use dropins_strict_json::Value;

use super::claims::Claims;
use super::numeric_date::{Instant, NumericDate};
use super::received::Received;
use super::rule::{AssertionReason, AssertionRule};
use crate::condition::{Condition, Requirement, Unused};
use crate::rejection::Rejection;
use crate::report::Report;
use crate::shown::Shown;

/// What times must satisfy, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimits {
    /// Leniency for clocks that differ, on `exp`.
    pub clock_skew: u64,
    /// How far ahead of now `nbf` and `iat` may be.
    pub leniency_ahead: u64,
    /// How far ahead of now `exp` may be, besides the clock skew.
    pub longest_lifetime: u64,
    /// Whether `exp` may be that far ahead of `iat` at most, too, without the clock skew.
    pub since_issue: bool,
    /// The largest age of an assertion by `iat`; 0 turns the rule off.
    pub reject_before: u64,
}

/// How the host remembers an identifier that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Whether a cache may answer that it was used.
    pub cached: bool,
    /// For how many seconds the client may repeat a request that ended in a server error; 0 is never.
    pub retry_window: u32,
}

/// Times that satisfy the rules.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// `exp`
    pub expiry: NumericDate,
    /// `iat`, when the assertion has one.
    pub issued_at: Option<NumericDate>,
}

impl Lifetime {
    /// Applies the rules of time; `now` is in milliseconds.
    ///
    /// # Errors
    /// [`Rejection`] for the first broken rule.
    pub fn check<R: AssertionReason>(
        claims: &Claims<'_>,
        limits: &TimeLimits,
        now: u64,
        report: &mut Report<R>,
    ) -> Result<Self, Rejection<R>> {
        use AssertionRule as Rule;

        let values = ["exp", "nbf", "iat"].map(|name| claims.get(name));
        let [exp, ..] = values;
        let missing = Rule::ExpiryMissing.into();
        report.check(missing, exp.is_some(), format_args!("exp"), format_args!("{}", Received(exp)))?;
        let times = values.map(|value| value.and_then(NumericDate::from_json));
        let [expiry, not_before, issued_at] = times;
        let odd = values.into_iter().zip(times).find(|(value, time)| value.is_some() && time.is_none());
        report.check(
            Rule::TimeInvalid.into(),
            odd.is_none(),
            format_args!("numbers of seconds, from 0 and below 2^53"),
            format_args!("{}", Times(values)),
        )?;
        report.check(
            Rule::TimeInMilliseconds.into(),
            !times.into_iter().flatten().any(NumericDate::looks_like_milliseconds),
            format_args!("seconds; now is {}", Instant(now)),
            format_args!("{}", Times(values)),
        )?;
        let Some(expiry) = expiry else {
            return Err(Rejection::new(missing, format_args!("exp"), format_args!("nothing")));
        };

        let TimeLimits { clock_skew: skew, leniency_ahead, longest_lifetime, since_issue, reject_before } = *limits;
        report.check(
            Rule::Expired.into(),
            expiry.millis() + skew > now,
            format_args!("exp after {} (now {} less the clock skew)", Instant(now.saturating_sub(skew)), Instant(now)),
            format_args!("exp {}", Instant(expiry.millis())),
        )?;
        let latest = now.saturating_add(longest_lifetime).saturating_add(skew);
        let own =
            issued_at.filter(|_| since_issue).map(|issued_at| issued_at.millis().saturating_add(longest_lifetime));
        report.check(
            Rule::LifetimeTooLong.into(),
            expiry.millis() <= latest && own.is_none_or(|latest| expiry.millis() <= latest),
            format_args!(
                "exp up to {} ({} minutes {} {})",
                Instant(own.map_or(latest, |own| own.min(latest))),
                longest_lifetime / 60_000,
                if own.is_some() { "after iat, now" } else { "and the clock skew ahead of now" },
                Instant(now)
            ),
            format_args!("exp {}", Instant(expiry.millis())),
        )?;
        let ahead = now.saturating_add(leniency_ahead);
        not_ahead(not_before, "nbf", ahead, now, Rule::NotYetValid, report)?;
        not_after(not_before, "nbf", expiry, Rule::NotBeforeAfterExpiry, report)?;
        not_ahead(issued_at, "iat", ahead, now, Rule::IssuedInFuture, report)?;
        not_after(issued_at, "iat", expiry, Rule::IssuedAfterExpiry, report)?;
        let earliest = if reject_before == 0 { 0 } else { now.saturating_sub(reject_before) };
        report.check(
            Rule::TooOld.into(),
            issued_at.is_none_or(|issued_at| issued_at.millis() >= earliest),
            format_args!(
                "iat from {} ({} minutes before now {})",
                Instant(earliest),
                reject_before / 60_000,
                Instant(now)
            ),
            format_args!("iat {}", Optional(issued_at)),
        )?;
        Ok(Self { expiry, issued_at })
    }

    /// When the pair of client and `jti` expires: `exp` and the clock skew, in seconds, rounded up.
    pub fn replay_horizon(&self, limits: &TimeLimits) -> u64 {
        (self.expiry.millis() + limits.clock_skew).div_ceil(1000)
    }

    /// The condition that is left to the host: the client did not use the `jti` before.
    pub fn unused<R: AssertionReason>(
        &self,
        jti: &str,
        limits: &TimeLimits,
        memory: Memory,
        report: &mut Report<R>,
    ) -> Condition<R> {
        let (reason, expires_at) = (AssertionRule::Replayed.into(), self.replay_horizon(limits));
        report.left_to_the_host(
            reason,
            format_args!("a jti that this client did not use before {expires_at}"),
            format_args!("jti {}", Shown(jti)),
        );
        let unused = Unused {
            identifier: jti.to_owned(),
            issued_at: self.issued_at.map(|time| time.seconds()),
            expires_at,
            cached: memory.cached,
            retry_window: memory.retry_window,
        };
        Condition { reason, requirement: Requirement::Unused(unused) }
    }
}

fn not_ahead<R: AssertionReason>(
    time: Option<NumericDate>,
    name: &str,
    latest: u64,
    now: u64,
    rule: AssertionRule,
    report: &mut Report<R>,
) -> Result<(), Rejection<R>> {
    report.check(
        rule.into(),
        time.is_none_or(|time| time.millis() <= latest),
        format_args!("{name} up to {} (now {} and the clock skew)", Instant(latest), Instant(now)),
        format_args!("{name} {}", Optional(time)),
    )
}

fn not_after<R: AssertionReason>(
    time: Option<NumericDate>,
    name: &str,
    expiry: NumericDate,
    rule: AssertionRule,
    report: &mut Report<R>,
) -> Result<(), Rejection<R>> {
    report.check(
        rule.into(),
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::super::{Assertion, Compact};
    use super::*;

    const NOW: u64 = 1_700_000_000;
    const LIMITS: TimeLimits = TimeLimits {
        clock_skew: 30_000,
        leniency_ahead: 10_000,
        longest_lifetime: 60_000,
        since_issue: false,
        reject_before: 90_000,
    };

    /// The verdict about three texts of times.
    fn check(exp: &str, nbf: &str, iat: &str) -> Result<Lifetime, AssertionRule> {
        let claims = format!(r#"{{"exp":{exp},"nbf":{nbf},"iat":{iat}}}"#);
        let parts = [r#"{"alg":"ES256"}"#, claims.as_str(), "signature"].map(|part| URL_SAFE_NO_PAD.encode(part));
        let (token, mut report) = (parts.join("."), Report::off());
        let compact = Compact::decode(&token, &mut report).unwrap();
        let assertion = Assertion::parse(&compact, &["JWT"], &mut report).unwrap();
        let lifetime = Lifetime::check(&assertion.claims, &LIMITS, NOW * 1000, &mut report);
        lifetime.map_err(|rejection| rejection.reason)
    }

    /// Numbers around now, and any others.
    fn time() -> impl Strategy<Value = f64> {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let near = (-200_i32..200).prop_map(|offset| NOW as f64 + f64::from(offset) / 2.0);
        prop_oneof![4 => near, 1 => any::<f64>().prop_filter("JSON has no other numbers", |time| time.is_finite())]
    }

    proptest! {
        #[test]
        fn what_passes_keeps_every_limit_and_what_keeps_them_passes(exp in time(), nbf in time(), iat in time()) {
            let texts = [exp, nbf, iat].map(|time| format!("{time:?}"));
            let negative = nbf < 0.0;
            let [exp, nbf, iat] = [exp, nbf, iat].map(|time| (time * 1000.0).round());
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let now = (NOW * 1000) as f64;
            let holds = exp + 30_000.0 > now
                && exp <= now + 90_000.0
                && nbf.max(iat) <= now + 10_000.0
                && nbf.max(iat) <= exp
                && iat >= now - 90_000.0
                && !negative;
            let passed = check(&texts[0], &texts[1], &texts[2]);
            prop_assert_eq!(passed.is_ok(), holds, "{:?}", passed.err());
            if let Ok(lifetime) = passed {
                let horizon = lifetime.replay_horizon(&LIMITS);
                prop_assert!((NOW..=NOW + 120).contains(&horizon), "the identifier is remembered as long as it counts");
            }
        }

        #[test]
        fn no_value_makes_it_panic(value in "(null|true|\"[0-9]{1,12}\"|-?[0-9]{1,30}(\\.[0-9]{1,6})?|\\[\\]|\\{\\})") {
            for at in 0..3 {
                let mut texts = ["1700000030", "1700000000", "1700000000"];
                if let Some(text) = texts.get_mut(at) {
                    *text = &value;
                }
                // A text with a leading zero is no JSON.
                if !value.trim_start_matches('-').starts_with('0') {
                    let _ = check(texts[0], texts[1], texts[2]);
                }
            }
        }
    }
}
