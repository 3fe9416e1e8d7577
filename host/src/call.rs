//! The store state of one call: services, budget, log and evidence. It lives as long as the instance.
//!
//! Time spent in host services does not count against the plug-in. What the audit log says about client,
//! algorithm and key is what the host saw pass by, not what the plug-in claims.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Level;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::decision::{Check, Evidence};
use crate::engine::TICK;
use crate::limits::Limits;
use crate::services::{Services, UnixMillis, Use, Verdict};
use crate::transcript::Transcript;

/// The state of one store.
pub(crate) struct CallState {
    /// None while a plug-in is loaded: it must describe itself without asking anybody.
    pub(crate) services: Option<Arc<Services>>,
    pub(crate) now: UnixMillis,
    /// What makes a repetition of the request the same one; none while nothing is to be remembered.
    pub(crate) transcript: Option<Transcript>,
    pub(crate) table: ResourceTable,
    pub(crate) memory: MemoryLimiter,
    pub(crate) budget: Budget,
    pub(crate) log: GuestLog,
    pub(crate) evidence: Evidence,
    /// What the replay store said, for a shadow that must be told the same.
    pub(crate) uses: Vec<(Use, Verdict)>,
    /// Present when an operator asks why.
    pub(crate) explanation: Option<Vec<Check>>,
    wasi: Option<WasiCtx>,
    output: MemoryOutputPipe,
}

/// Answers of the replay store that are kept.
const MAX_USES: usize = 4;

impl CallState {
    pub(crate) fn new(limits: &Limits, now: UnixMillis, services: Option<Arc<Services>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            services,
            now,
            transcript: None,
            table,
            memory: MemoryLimiter { limit: limits.memory, refused: None },
            budget: Budget::new(),
            log: GuestLog::new(limits),
            evidence: Evidence::default(),
            uses: Vec::new(),
            explanation: None,
            wasi: None,
            output: MemoryOutputPipe::new(limits.log_bytes),
        }
    }

    /// Keeps what the replay store said; nobody needs to use up more than one assertion in a request.
    pub(crate) fn used(&mut self, used: Use, verdict: Verdict) {
        if self.uses.len() < MAX_USES {
            self.uses.push((used, verdict));
        }
    }

    /// What the plug-in wrote to standard output and error: the text of a panic, as a rule.
    pub(crate) fn output(&self) -> String {
        printable(String::from_utf8_lossy(&self.output.contents()).trim())
    }

    /// Runs a host service without charging its time to the plug-in.
    pub(crate) async fn off_the_clock<T>(&mut self, service: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let result = service.await;
        self.budget.in_host += started.elapsed();
        result
    }
}

impl WasiView for CallState {
    /// Made on first use: most calls never touch WASI.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| crate::wasi::context(self.now, &self.output));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// How long the running call may still compute. It is charged at every tick of the epoch.
pub(crate) struct Budget {
    left: Duration,
    charged: Instant,
    /// Time in host services since the last charge.
    in_host: Duration,
    pub(crate) exhausted: bool,
}

/// What one tick is charged at most: while the machine was busy elsewhere, the plug-in did not compute.
const MAX_CHARGE: Duration = TICK.saturating_mul(2);

impl Budget {
    fn new() -> Self {
        Self { left: Duration::ZERO, charged: Instant::now(), in_host: Duration::ZERO, exhausted: false }
    }

    /// Starts the clock of the next call.
    pub(crate) fn start(&mut self, deadline: Duration) {
        *self = Self { left: deadline, ..Self::new() };
    }

    /// Charges the time since the last tick.
    pub(crate) fn on_tick(&mut self) -> UpdateDeadline {
        let computed = self.charged.elapsed().saturating_sub(self.in_host).min(MAX_CHARGE);
        *self = Self { left: self.left.saturating_sub(computed), ..Self::new() };
        self.exhausted = self.left.is_zero();
        if self.exhausted { UpdateDeadline::Interrupt } else { UpdateDeadline::Continue(1) }
    }
}

/// Refuses memory beyond the limit, and remembers that it did.
pub(crate) struct MemoryLimiter {
    limit: usize,
    pub(crate) refused: Option<usize>,
}

/// Rust components use a few hundred.
const MAX_TABLE_ELEMENTS: usize = 20_000;

impl ResourceLimiter for MemoryLimiter {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > self.limit {
            self.refused = Some(desired);
        }
        Ok(desired <= self.limit)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        16
    }

    fn memories(&self) -> usize {
        2
    }
}

/// The log lines of one call, bounded and made printable.
pub(crate) struct GuestLog {
    lines_left: usize,
    bytes_left: usize,
    pub(crate) lines: Vec<(Level, String)>,
    pub(crate) dropped: usize,
}

impl GuestLog {
    fn new(limits: &Limits) -> Self {
        Self { lines_left: limits.log_lines, bytes_left: limits.log_bytes, lines: Vec::new(), dropped: 0 }
    }

    /// What was logged so far, leaving nothing; the room does not grow again.
    pub(crate) fn take(&mut self) -> Self {
        let left = Self { lines: Vec::new(), dropped: 0, ..*self };
        std::mem::replace(self, left)
    }

    /// Keeps a line while there is room for it.
    pub(crate) fn push(&mut self, level: Level, message: &str) {
        if self.lines_left == 0 || message.len() > self.bytes_left {
            self.dropped += 1;
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= message.len();
        self.lines.push((level, printable(message)));
    }
}

/// Escapes control characters, so that a plug-in cannot forge log lines or steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { out.extend(character.escape_default()) } else { out.push(character) }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_cannot_forge_another_one() {
        assert_eq!(printable("a\nb\u{1b}[2J é"), "a\\nb\\u{1b}[2J é");
    }

    #[test]
    fn the_log_is_bounded_in_lines_and_bytes() {
        let mut log = GuestLog::new(&Limits { log_lines: 2, log_bytes: 5, ..Limits::default() });
        log.push(Level::INFO, "abc");
        log.push(Level::INFO, "toolong");
        log.push(Level::INFO, "d");
        log.push(Level::INFO, "e");
        assert_eq!((log.lines.len(), log.dropped), (2, 2));
    }

    /// Charges a tick after this time, so much of it in the host; tells what is left of a second.
    fn left_after(elapsed: Duration, in_host: Duration) -> Duration {
        let mut budget = Budget::new();
        budget.start(Duration::from_secs(1));
        budget.charged = Instant::now().checked_sub(elapsed).unwrap();
        budget.in_host = in_host;
        assert!(matches!(budget.on_tick(), UpdateDeadline::Continue(1)));
        budget.left
    }

    #[test]
    fn computing_is_charged() {
        assert!(left_after(TICK, Duration::ZERO) <= Duration::from_millis(990));
    }

    #[test]
    fn time_in_host_services_and_time_without_a_processor_are_not() {
        assert!(left_after(Duration::from_secs(3), Duration::from_secs(3)) > Duration::from_millis(970));
        assert_eq!(left_after(Duration::from_secs(3), Duration::ZERO), Duration::from_millis(980));
    }

    #[test]
    fn an_exhausted_budget_interrupts() {
        let mut budget = Budget::new();
        budget.start(Duration::from_nanos(1));
        std::thread::yield_now();
        assert!(matches!(budget.on_tick(), UpdateDeadline::Interrupt));
        assert!(budget.exhausted);
    }
}
