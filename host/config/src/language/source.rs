//! The text of a configuration file as it may be shown to people.
//!
//! Secrets are blanked out byte for byte, so that every span of the original text still points at the same
//! place and a report can quote any line.

use std::ops::Range;

/// A place in a file; both numbers start at 1, the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl std::fmt::Display for Position {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.line, self.column)
    }
}

/// A configuration file without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    shown: String,
}

impl Source {
    /// The text with these ranges blanked out, and with every value blanked out that follows a key which
    /// looks like a secret: a value that does not parse has no range.
    pub(crate) fn new(text: &str, secrets: &[Range<usize>]) -> Self {
        let mut secrets = secrets.to_vec();
        secrets.extend(
            lines(text).flat_map(|line| [secret_on_line(text, line.clone()), user_info_on_line(text, line)]).flatten(),
        );
        let mut hidden = vec![false; text.len()];
        for range in secrets {
            hidden.get_mut(range).into_iter().flatten().for_each(|byte| *byte = true);
        }
        let mut bytes = text.as_bytes().to_vec();
        for (byte, _) in
            bytes.iter_mut().zip(hidden).filter(|(byte, hidden)| *hidden && !matches!(**byte, b'\n' | b'\r'))
        {
            *byte = b'*';
        }
        // A range that cuts a character in two would leave broken text: then nothing is shown.
        Self { shown: String::from_utf8(bytes).unwrap_or_else(|_| "*".repeat(text.len())) }
    }

    /// The text that may be shown; as long as the original, byte for byte.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Line and column of a byte offset; an offset past the end is the end.
    pub fn position(&self, offset: usize) -> Position {
        let before = self.shown.get(..self.floor(offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        Position { line: before.matches('\n').count() + 1, column }
    }

    /// The span, moved inside the text and onto character boundaries.
    pub(crate) fn clamp(&self, span: &Range<usize>) -> Range<usize> {
        let start = self.floor(span.start);
        start..self.floor(span.end).max(start)
    }

    /// The byte range of the line that holds this offset, without its line break.
    pub(crate) fn line(&self, offset: usize) -> Range<usize> {
        let at = self.floor(offset);
        let start = self.shown.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1);
        let end = self.shown.get(at..).and_then(|after| after.find('\n')).map_or(self.shown.len(), |found| at + found);
        start..end
    }

    fn floor(&self, offset: usize) -> usize {
        let mut at = offset.min(self.shown.len());
        while !self.shown.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// Whether values under this key stay out of messages: its last word is one of these, or a misspelling of one.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let key = key.strip_suffix("_hash").unwrap_or(&key);
    let word = key.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let words = [("password", 2), ("passphrase", 2), ("secret", 1), ("token", 1)];
    words
        .iter()
        .any(|(secret, mistakes)| word.ends_with(secret) || strsim::damerau_levenshtein(word, secret) <= *mistakes)
}

fn lines(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let range = start..start + line.len();
        start = range.end;
        range
    })
}

/// What follows a key that looks like a secret, to the end of the line; `=` may have been forgotten.
fn secret_on_line(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = text.get(line.clone())?;
    let ends_of_keys = content.match_indices(['=', ':', ' ', '\t']).map(|(at, _)| at);
    let mut ends = ends_of_keys.filter(|at| {
        let before = content.get(..*at).unwrap_or_default().trim_end();
        let after = content.get(*at..).unwrap_or_default();
        let is_sign = after.starts_with(['=', ':']) || !after.trim_start().starts_with(['=', ':']);
        is_sign && is_secret_key(before.trim_end_matches(['"', '\'']))
    });
    let at = ends.next()?;
    let value = content.get(at + 1..)?.split('#').next()?.trim_matches(['=', ' ', '\t', '\r', '\n']);
    // `allow_id_token = true` is no secret.
    (value.parse::<bool>().is_err()).then_some(line.start + at + 1..line.end)
}

/// `user:password` of the URLs on the line, from the first `://` to the last `@`; without a scheme, from the first `:`.
fn user_info_on_line(text: &str, line: Range<usize>) -> Option<Range<usize>> {
    let content = text.get(line.clone())?;
    let start = content.find("://").map(|at| at + 3).or_else(|| content.find(':').map(|at| at + 1))?;
    let end = content.rfind('@')?;
    (start < end).then_some(line.start + start..line.start + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let source = Source::new("a = 1\nü = \"x\"\n", &[]);
        assert_eq!(source.position(0), Position { line: 1, column: 1 });
        assert_eq!(source.position("a = 1\nü".len()), Position { line: 2, column: 2 });
        assert_eq!(source.position(9_999), Position { line: 3, column: 1 });
    }

    #[test]
    fn a_key_is_secret_by_its_last_word() {
        for key in
            ["password", "client_secret", "clientSecret", "client_secret_hash", "paswrd", "key_password", "token"]
        {
            assert!(is_secret_key(key), "{key}");
        }
        for key in ["token_endpoint_auth_method", "hostname", "server", "client_id", "scope", "private_key_file"] {
            assert!(!is_secret_key(key), "{key}");
        }
        assert!(Source::new("password = ''", &[]).shown().starts_with("password =*"));
        for boolean in ["allow_id_token = true\n", "renew_refresh_token=false # now"] {
            assert_eq!(Source::new(boolean, &[]).shown(), boolean);
        }
    }

    #[test]
    fn secrets_are_blanked_out_even_where_they_do_not_parse() {
        let text = "x = \"shown\"\npassword = hunter2\nauth = { client_secret = 'hunter2' }\n# password=hunter2\npassword hunter2\ntoken: hunter2\nurl = redis://u:hunter2@h\nurl = 'u:hunter2@h'";
        let source = Source::new(text, &[]);
        assert!(!source.shown().contains("hunter2"), "{}", source.shown());
        assert!(source.shown().contains("shown"));
        assert_eq!(source.shown().len(), text.len());
    }
}
