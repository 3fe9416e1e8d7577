//! Durations for which zero makes no sense.

use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;

/// A duration for which zero makes no sense.
pub(crate) fn positive(settings: &Section, path: &'static str, findings: &mut Findings) -> Duration {
    let duration = settings.duration(path);
    if duration.is_zero() {
        findings.problem(Problem::new(
            Code::BadValue,
            settings.span(path),
            path,
            format!("`{path}` is more than zero"),
        ));
    }
    duration
}
