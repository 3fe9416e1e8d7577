//! What a flush of the disk costs in the moment of a measurement: the bound of every durable commit.

use std::{io::Write, time::Instant};

const FLUSHES: u32 = 100;

/// The median of appending a page to a file and flushing it.
pub(crate) fn milliseconds() -> f64 {
    let mut file = tempfile::tempfile().unwrap();
    let mut taken: Vec<f64> = (0..FLUSHES)
        .map(|_| {
            let begun = Instant::now();
            file.write_all(&[0; 4096]).unwrap();
            file.sync_data().unwrap();
            begun.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    taken.sort_by(f64::total_cmp);
    taken.get(taken.len() / 2).copied().unwrap_or_default()
}
