//! What became of each rule.
//!
//! [`Report::check`] is the one way to apply a rule. On a live request the report is off, and a rule that holds costs
//! a comparison: expected and received values are formatted only for a failure or when the operator asked to explain.

use std::fmt::Arguments;

use crate::rejection::{Refusal, Rejection};
use crate::rule::Reason;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The request satisfies it.
    Passed,
    /// The request breaks it.
    Failed,
    /// An earlier failure came first, or the host settles it.
    NotReached,
}

/// One rule, applied to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check<R> {
    /// The rule.
    pub reason: R,
    /// What became of it.
    pub state: State,
    /// What the rule asks for; its text where there are no values to name.
    pub expected: String,
    /// What the request holds; empty where there are no values to name.
    pub received: String,
}

/// The rules that passed so far.
#[derive(Debug)]
pub struct Report<R> {
    /// `None` on live requests.
    passed: Option<Vec<Check<R>>>,
}

impl<R: Reason> Report<R> {
    /// A report that records nothing.
    pub fn off() -> Self {
        Self { passed: None }
    }

    /// A report that records every rule.
    pub fn on() -> Self {
        Self { passed: Some(Vec::with_capacity(R::ALL.len())) }
    }

    /// Applies a rule.
    ///
    /// # Errors
    /// [`Rejection`] when the rule does not hold.
    #[inline]
    pub fn check(
        &mut self,
        reason: R,
        holds: bool,
        expected: Arguments<'_>,
        received: Arguments<'_>,
    ) -> Result<(), Rejection<R>> {
        if !holds {
            return Err(Rejection::new(reason, expected, received));
        }
        self.passed(reason, expected, received);
        Ok(())
    }

    /// Records a rule that holds.
    #[inline]
    pub fn passed(&mut self, reason: R, expected: Arguments<'_>, received: Arguments<'_>) {
        if let Some(checks) = &mut self.passed {
            record(checks, reason, State::Passed, expected, received);
        }
    }

    /// Records a rule whose outcome the host fills in, because it is a condition of the verdict.
    #[inline]
    pub fn left_to_the_host(&mut self, reason: R, expected: Arguments<'_>, received: Arguments<'_>) {
        if let Some(checks) = &mut self.passed {
            record(checks, reason, State::NotReached, expected, received);
        }
    }

    /// Every rule in the order of application, now that the verdict is known. Empty when the report is off.
    ///
    /// A rule before the broken one passed, also when it had nothing to say; a rule after it was not reached.
    pub fn finish<T>(self, verdict: &Result<T, Refusal<R>>) -> Vec<Check<R>> {
        let Some(passed) = self.passed else { return Vec::new() };
        let last = passed.last().map(|check| check.reason);
        let reached = |reason: R| match verdict {
            Ok(_) => true,
            Err(Refusal::Rejected(rejection)) => reason < rejection.reason,
            Err(Refusal::Unavailable(_)) => Some(reason) <= last,
        };
        let mut passed = passed.into_iter().peekable();
        let check = |&reason: &R| match verdict {
            Err(Refusal::Rejected(rejection)) if rejection.reason == reason => Check {
                reason,
                state: State::Failed,
                expected: rejection.expected.clone(),
                received: rejection.received.clone(),
            },
            _ => passed.next_if(|check| check.reason == reason).unwrap_or_else(|| Check {
                reason,
                state: if reached(reason) { State::Passed } else { State::NotReached },
                expected: reason.rule().text.to_owned(),
                received: String::new(),
            }),
        };
        R::ALL.iter().map(check).collect()
    }
}

/// Apart from the methods, which a live request passes without a call and without values to format.
#[cold]
fn record<R>(checks: &mut Vec<Check<R>>, reason: R, state: State, expected: Arguments<'_>, received: Arguments<'_>) {
    checks.push(Check { reason, state, expected: expected.to_string(), received: received.to_string() });
}

#[cfg(test)]
mod tests {
    use super::{Check, Refusal, Report, State};
    use crate::rule::Reason as _;

    #[expect(unreachable_pub, dead_code, reason = "the macro declares what a plug-in exports")]
    mod rules {
        crate::rules! {
            NotCompact "not-compact" InvalidRequest "The assertion has three parts." "a test" "Send three parts.";
            SubjectInvalid "subject-invalid" InvalidClient "sub is a string." "a test" "Send a string.";
            AudienceMismatch "audience-mismatch" InvalidClient "aud is this server." "a test" "Send the issuer.";
            Expired "expired" InvalidClient "exp is in the future." "a test" "Sign another.";
            Replayed "replayed" InvalidClient "The assertion was not used before." "a test" "Sign another.";
        }
    }
    use rules::Reason;

    fn states(checks: &[Check<Reason>], state: State) -> usize {
        checks.iter().filter(|check| check.state == state).count()
    }

    #[test]
    fn a_report_that_is_off_records_nothing() {
        let mut report = Report::off();
        report.check(Reason::Expired, true, format_args!("a"), format_args!("b")).unwrap();
        assert!(report.finish(&Ok(())).is_empty());
    }

    #[test]
    fn a_failure_splits_the_rules_into_passed_and_not_reached() {
        let mut report = Report::on();
        report.check(Reason::NotCompact, true, format_args!("3 parts"), format_args!("3")).unwrap();
        let failed = report.check(Reason::Expired, false, format_args!("later"), format_args!("now")).unwrap_err();
        assert_eq!(failed.detail(), "expected later; received now");
        let checks = report.finish(&Err::<(), _>(failed.into()));
        assert_eq!(checks.len(), Reason::ALL.len());
        assert_eq!(states(&checks, State::Failed), 1);
        for check in &checks {
            assert_eq!(check.state == State::Passed, check.reason < Reason::Expired);
        }
        assert!(checks.iter().any(|check| check.received == "3"));
    }

    #[test]
    fn a_rule_that_is_left_to_the_host_is_not_reached() {
        let mut report = Report::on();
        report.left_to_the_host(Reason::Replayed, format_args!("an unused jti"), format_args!("one"));
        let checks = report.finish(&Ok(()));
        assert_eq!((states(&checks, State::Passed), states(&checks, State::NotReached)), (Reason::ALL.len() - 1, 1));
        assert_eq!(checks.last().map(|check| check.received.as_str()), Some("one"));
    }

    #[test]
    fn an_unavailable_part_leaves_the_rest_unreached() {
        let mut report = Report::on();
        report.check(Reason::SubjectInvalid, true, format_args!(""), format_args!("")).unwrap();
        let checks = report.finish(&Err::<(), _>(Refusal::Unavailable("client directory".to_owned())));
        assert_eq!(states(&checks, State::Failed), 0);
        assert!(checks.iter().all(|check| (check.state == State::Passed) == (check.reason <= Reason::SubjectInvalid)));
    }
}
