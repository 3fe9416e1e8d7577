//! The log lines of one call, bounded and made printable.

use dropins_services::Limits;
use tracing::Level;

use crate::contract::text::printable;

/// What a plug-in logged, with the room that is left.
pub(crate) struct GuestLog {
    lines_left: usize,
    bytes_left: usize,
    /// The lines so far.
    pub(crate) lines: Vec<(Level, String)>,
    /// How many lines had no room.
    pub(crate) dropped: usize,
}

impl GuestLog {
    /// An empty log with the room that the limits give.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { lines_left: limits.log_lines, bytes_left: limits.log_bytes, lines: Vec::new(), dropped: 0 }
    }

    /// Takes what was logged so far; the room does not grow again.
    pub(crate) fn take(&mut self) -> Self {
        let left = Self { lines: Vec::new(), dropped: 0, ..*self };
        std::mem::replace(self, left)
    }

    /// The last line of the level error; of a plug-in that trapped, usually the text of a panic.
    pub(crate) fn last_error(&self) -> Option<&str> {
        let errors = self.lines.iter().rev().filter(|(level, _)| *level == Level::ERROR);
        errors.map(|(_, line)| line.as_str()).next()
    }

    /// Keeps a line if there is room for it.
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

#[cfg(test)]
mod tests {
    use super::*;

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
