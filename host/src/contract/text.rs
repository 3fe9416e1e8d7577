//! Texts of a plug-in as logs and messages show them: escaped, and cut where they are long.
//!
//! A plug-in can neither forge a log line nor steer a terminal.

pub(crate) use dropins_services::printable;

/// The longest text of a plug-in, in bytes, in a message or in a log line of the host.
const MAX_TEXT: usize = 4 << 10;

/// Escapes a text and cuts it where it is too long for a message.
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
}
