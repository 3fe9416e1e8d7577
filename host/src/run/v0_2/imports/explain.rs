//! The import `explain`: rules with their outcome, for an operator who asks.

use crate::contract::decision::{Check, CheckState};
use crate::contract::text::excerpt;
use crate::run::call::CallState;
use crate::run::v0_2::bindings::dropins::client_auth::explain;

/// More rules than any authenticator has.
const MAX_CHECKS: usize = 256;

impl explain::Host for CallState {
    fn wanted(&mut self) -> wasmtime::Result<bool> {
        self.budget.enter()?;
        Ok(self.explanation.is_some())
    }

    fn report(&mut self, check: explain::Check) -> wasmtime::Result<()> {
        self.budget.enter()?;
        if let Some(checks) = self.explanation.as_mut().filter(|checks| checks.len() < MAX_CHECKS) {
            checks.push(Check {
                reason: excerpt(&check.reason),
                rule: excerpt(&check.rule),
                state: match check.state {
                    explain::State::Passed => CheckState::Passed,
                    explain::State::Failed => CheckState::Failed,
                    explain::State::NotReached => CheckState::NotReached,
                },
                expected: excerpt(&check.expected),
                received: excerpt(&check.received),
                fix: excerpt(&check.fix),
            });
        }
        Ok(())
    }
}
