//! The audit log of the console: each change that an operator made, or was refused.

use std::net::IpAddr;

use dropins_telemetry::audit::{self, Operated};

use crate::operator::Operator;

/// Notes in the audit log what came of an operator's word; `Err` holds why it was refused.
pub(crate) fn note(operator: &Operator, action: &'static str, object: &str, outcome: Result<(), &str>) {
    record(operator.address, Some(operator.by.as_str()), action, object, outcome);
}

/// The same of a request without a session.
pub(crate) fn record(
    address: Option<IpAddr>,
    by: Option<&'static str>,
    action: &'static str,
    object: &str,
    outcome: Result<(), &str>,
) {
    let (outcome, detail) = match outcome {
        Ok(()) => ("done", None),
        Err(reason) => ("refused", Some(reason)),
    };
    audit::operated(&Operated { address, by, action, object, outcome, detail });
}
