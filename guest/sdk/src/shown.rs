//! Text from a request, as a log line may hold it.
//!
//! At most 96 characters, quoted, control characters escaped; what looks like an assertion is never shown.

use std::fmt::{self, Write as _};

/// The longest text that is shown whole, in characters.
const LONGEST: usize = 96;

/// Received text, for people.
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every JWS starts with an encoded `{"`; a client may send one in the wrong parameter or claim.
        if self.0.starts_with("eyJ") {
            return write!(f, "text of {} bytes that looks like a token", self.0.len());
        }
        f.write_char('"')?;
        for character in self.0.chars().take(LONGEST) {
            write!(f, "{}", character.escape_debug())?;
        }
        let shortened = self.0.chars().nth(LONGEST).is_some();
        f.write_str(if shortened { "\" (shortened)" } else { "\"" })
    }
}

/// Received text that may be absent, for people, with the words for its absence.
pub struct ShownOr<'a>(pub Option<&'a str>, pub &'static str);

impl fmt::Display for ShownOr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(text) => Shown(text).fmt(f),
            None => f.write_str(self.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(Shown("a\n\u{1b}[31m\"b").to_string(), r#""a\n\u{1b}[31m\"b""#);
    }

    #[test]
    fn long_text_is_shortened_and_says_so() {
        assert_eq!(Shown(&"é".repeat(97)).to_string(), format!("\"{}\" (shortened)", "é".repeat(96)));
        assert_eq!(Shown(&"é".repeat(96)).to_string(), format!("\"{}\"", "é".repeat(96)));
    }

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(Shown("eyJhbGciOi").to_string(), "text of 10 bytes that looks like a token");
    }
}
