//! What was measured: sizes in bytes, times in milliseconds.

use std::time::Duration;

use serde::Serialize;

/// What loading took.
pub(super) struct Load {
    /// Bytes of the component.
    pub(super) size: usize,
    /// The time of its compilation; short if a cache had it.
    pub(super) compiled: Duration,
    /// The memory that an instance may use.
    pub(super) memory_limit: usize,
}

/// Time and memory of the runs.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Numbers {
    /// How many runs there were.
    pub(super) runs: usize,
    pub(super) median_ms: f64,
    pub(super) p99_ms: f64,
    /// The most memory that an instance used, in bytes.
    pub(super) memory: usize,
}

impl Numbers {
    /// Of these times, at least one.
    pub(super) fn of(mut times: Vec<Duration>, memory: usize) -> Self {
        times.sort_unstable();
        let runs = times.len();
        // The smallest time that this share of the runs does not exceed.
        let share = |percent: usize| times.get((runs * percent).div_ceil(100).saturating_sub(1)).map_or(0.0, millis);
        Self { runs, median_ms: share(50), p99_ms: share(99), memory }
    }
}

/// Milliseconds with three decimals.
pub(super) fn millis(time: &Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_99th_percentile_are_times_of_runs() {
        let times = |count: u64| (1..=count).rev().map(Duration::from_millis).collect();
        for (count, median, p99) in [(1, 1.0, 1.0), (2, 1.0, 2.0), (100, 50.0, 99.0), (101, 51.0, 100.0)] {
            let numbers = Numbers::of(times(count), 5);
            assert_eq!((numbers.median_ms, numbers.p99_ms, numbers.memory), (median, p99, 5), "{count}");
        }
        assert!((millis(&Duration::from_nanos(1_234_567)) - 1.235).abs() < f64::EPSILON);
    }
}
