//! The store state of one call: services, budget, log and evidence. It lives as long as the instance.
//!
//! What the audit log says about client, algorithm and key is what the host saw pass by, not what the plug-in claims.
//! Texts of a plug-in are bounded and made printable before anything keeps them.

use std::sync::Arc;

use tracing::Level;
use wasmtime::ResourceLimiter;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::budget::Budget;
use crate::decision::{Check, Evidence};
use crate::services::{Memory, Services, UnixMillis, Use};
use crate::transcript::Transcript;
use dropins_services::Limits;

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
    pub(crate) uses: Vec<(Use, Memory)>,
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
            budget: Budget::new(limits),
            log: GuestLog::new(limits),
            evidence: Evidence::default(),
            uses: Vec::new(),
            explanation: None,
            wasi: None,
            output: MemoryOutputPipe::new(limits.log_bytes),
        }
    }

    /// Keeps what the replay store said; nobody needs to use up more than one assertion in a request.
    pub(crate) fn used(&mut self, used: Use, verdict: Memory) {
        if self.uses.len() < MAX_USES {
            self.uses.push((used, verdict));
        }
    }

    /// What the plug-in wrote to standard output and error: the text of a panic, as a rule.
    pub(crate) fn output(&self) -> String {
        printable(String::from_utf8_lossy(&self.output.contents()).trim())
    }

    /// Asks a service without charging its time to the plug-in; the error ends the call.
    pub(crate) async fn ask<T>(
        &mut self,
        service: &'static str,
        answer: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        let began = self.budget.ask(service)?;
        let answer = answer.await;
        self.budget.answered(began);
        Ok(answer)
    }
}

impl WasiView for CallState {
    /// Made on first use: most calls never touch WASI.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| crate::wasi::context(self.now, &self.output));
        WasiCtxView { ctx, table: &mut self.table }
    }
}

/// Refuses memory beyond the limit, and remembers that it did.
pub(crate) struct MemoryLimiter {
    pub(crate) limit: usize,
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

    fn tables(&self) -> usize {
        8
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

/// The longest text of a plug-in, in bytes, that stands in a message or in the log beside its own log lines.
const MAX_TEXT: usize = 4 << 10;

/// Escapes control characters and those that change the order of others, so that a plug-in cannot forge log lines or
/// steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || reorders(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// Line separators and marks of direction (Unicode Standard Annex 9), which are no control characters.
fn reorders(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A printable text that is cut where it is too long for a message.
pub(crate) fn excerpt(text: &str) -> String {
    match text.get(..text.floor_char_boundary(MAX_TEXT)) {
        Some(beginning) if text.len() > MAX_TEXT => {
            format!("{} ... ({} bytes in all)", printable(beginning), text.len())
        }
        _ => printable(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_line_cannot_forge_another_one() {
        assert_eq!(printable("a\nb\u{1b}[2J é"), "a\\nb\\u{1b}[2J é");
        assert_eq!(printable("a\u{2028}b\u{202e}c"), "a\\u{2028}b\\u{202e}c");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(excerpt(&"é".repeat(MAX_TEXT / 2)), "é".repeat(MAX_TEXT / 2));
        let long = format!("x{}", "é".repeat(MAX_TEXT / 2));
        assert_eq!(excerpt(&long), format!("{} ... (4097 bytes in all)", &long[..MAX_TEXT - 1]));
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
}
