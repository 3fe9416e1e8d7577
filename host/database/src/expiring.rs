//! A table whose rows expire.

use std::time::Duration;

/// A table whose rows expire.
#[derive(Debug, Clone, Copy)]
pub struct Expiring {
    /// The table.
    pub table: &'static str,
    /// The column with the time, seconds since the Unix epoch; indexed.
    pub time: &'static str,
    /// How long a row is kept after that, because another node's clock may be behind; zero where an early purge does no
    /// harm.
    pub margin: Duration,
}

impl Expiring {
    /// The margin of most tables: more than the clocks of two nodes may differ.
    pub const MARGIN: Duration = Duration::from_secs(300);
}
