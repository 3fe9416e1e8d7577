//! What became of each rule, and the refusal that a broken one is.
//!
//! [`Report::check`] is the one way to apply a rule. On a live request the report is off, and a rule that holds costs
//! a comparison: expected and received values are formatted only for a failure or when somebody asked to explain.

use std::fmt::Arguments;

use crate::reason::Reason;

/// A broken rule, with facts for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected {expected}; received {received}", reason.code())]
pub struct Rejection {
    /// The rule.
    pub reason: Reason,
    /// What the rule asks for.
    pub expected: String,
    /// What the request holds; never the assertion itself.
    pub received: String,
}

impl Rejection {
    pub(crate) fn new(reason: Reason, expected: Arguments<'_>, received: Arguments<'_>) -> Self {
        Self { reason, expected: expected.to_string(), received: received.to_string() }
    }

    /// Expected and received values in one sentence, for the log.
    pub fn detail(&self) -> String {
        format!("expected {}; received {}", self.expected, self.received)
    }
}

/// Why a request was not authenticated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credential is malformed or wrong.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// A part that a safe answer needs is down; the text says which.
    #[error("unavailable: {0}")]
    Unavailable(String),
}

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The request satisfies it.
    Passed,
    /// The request breaks it.
    Failed,
    /// An earlier failure kept it from being applied.
    NotReached,
}

/// One rule, applied to the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The rule.
    pub reason: Reason,
    /// What became of it.
    pub state: State,
    /// What the rule asks for; its text where there are no values to name.
    pub expected: String,
    /// What the request holds; empty where there are no values to name.
    pub received: String,
}

/// The answers that were given so far.
#[derive(Debug, Default)]
pub struct Report {
    /// `None` on live requests.
    passed: Option<Vec<Check>>,
}

impl Report {
    /// A report that records nothing.
    pub fn off() -> Self {
        Self { passed: None }
    }

    /// A report that records every rule.
    pub fn on() -> Self {
        Self { passed: Some(Vec::with_capacity(Reason::ALL.len())) }
    }

    /// Applies a rule.
    ///
    /// # Errors
    /// [`Rejection`] when the rule does not hold.
    pub(crate) fn check(
        &mut self,
        reason: Reason,
        holds: bool,
        expected: Arguments<'_>,
        received: Arguments<'_>,
    ) -> Result<(), Rejection> {
        if !holds {
            return Err(Rejection::new(reason, expected, received));
        }
        self.passed(reason, expected, received);
        Ok(())
    }

    /// Records a rule that holds.
    pub(crate) fn passed(&mut self, reason: Reason, expected: Arguments<'_>, received: Arguments<'_>) {
        if let Some(passed) = &mut self.passed {
            let (expected, received) = (expected.to_string(), received.to_string());
            passed.push(Check { reason, state: State::Passed, expected, received });
        }
    }

    /// Every rule in the order of application, now that the verdict is known. Empty when the report is off.
    ///
    /// A rule before the broken one passed, also when it had nothing to say; a rule after it was not reached.
    pub fn finish<T>(self, verdict: &Result<T, Refusal>) -> Vec<Check> {
        let Some(passed) = self.passed else { return Vec::new() };
        let last = passed.last().map(|check| check.reason);
        let reached = |reason: Reason| match verdict {
            Ok(_) => true,
            Err(Refusal::Rejected(rejection)) => reason < rejection.reason,
            Err(Refusal::Unavailable(_)) => Some(reason) <= last,
        };
        let mut passed = passed.into_iter().peekable();
        let check = |&reason: &Reason| match verdict {
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
        Reason::ALL.iter().map(check).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(checks: &[Check], state: State) -> usize {
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
    fn an_unavailable_part_leaves_the_rest_unreached() {
        let mut report = Report::on();
        report.check(Reason::SubjectInvalid, true, format_args!(""), format_args!("")).unwrap();
        let checks = report.finish(&Err::<(), _>(Refusal::Unavailable("client directory".to_owned())));
        assert_eq!(states(&checks, State::Failed), 0);
        assert!(checks.iter().all(|check| (check.state == State::Passed) == (check.reason <= Reason::SubjectInvalid)));
    }
}
