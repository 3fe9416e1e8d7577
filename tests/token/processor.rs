//! The processors: which one a process may use, and what it has used.

use std::process::Command;
use std::time::Duration;

/// A unit of the kernel's count.
const TICK: Duration = Duration::from_millis(10);

/// Keeps this process on one processor, threads that are there already excepted, and what it starts from now on.
pub(crate) fn use_only(processor: usize) {
    let (processor, process) = (processor.to_string(), std::process::id().to_string());
    let moved = Command::new("taskset").args(["--cpu-list", "--pid", &processor, &process]).output().unwrap();
    assert!(moved.status.success(), "{moved:?}");
}

/// What all threads of a process have used, those that have ended among them.
pub(crate) fn time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    // After the name, which ends with the last parenthesis, user and system time are the 12th and 13th field.
    let fields = stat.rsplit(')').next().unwrap().split_whitespace();
    TICK * fields.skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap()).sum::<u32>()
}
