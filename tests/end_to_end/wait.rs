//! Polling with a deadline.

use std::time::{Duration, Instant};

/// Generous: a debug build on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Tries until there is a result. An attempt is a request or a program, so no pause is needed.
///
/// # Panics
/// No result within the deadline.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
    }
}
