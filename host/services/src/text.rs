//! Characters of foreign text: which ones people do not see, and which ones a URI may have.

/// Whether people do not see the character, or it ends a line or turns the direction of text (Unicode Standard Annex 9):
/// with it, a text can forge what is around it, in a page or in a log.
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// The text with its unseen characters escaped.
pub fn printable(text: &str) -> String {
    // Most texts are plain ASCII.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if is_unseen(character) { out.extend(character.escape_default()) } else { out.push(character) }
    }
    out
}

/// Whether the text has only what a URI may have (RFC 3986 section 2): no white space, no backslash, nothing beyond ASCII,
/// and `%` before two hexadecimal digits only.
pub fn is_uri_text(text: &str) -> bool {
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let fits = match byte {
            b'%' => rest.by_ref().take(2).filter(u8::is_ascii_hexdigit).count() == 2,
            _ => byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_cannot_forge_what_is_around_it() {
        assert_eq!(printable("a\nb\u{1b}[2J é"), "a\\nb\\u{1b}[2J é");
        assert_eq!(printable("a\u{2028}b\u{202e}c"), "a\\u{2028}b\\u{202e}c");
        for unseen in
            "\u{ad}\u{34f}\u{61c}\u{200b}\u{200d}\u{200f}\u{2029}\u{2060}\u{2064}\u{2069}\u{feff}\u{e0041}".chars()
        {
            assert!(is_unseen(unseen), "{unseen:?}");
        }
        for seen in "aé\u{301}漢🔑 ’…".chars() {
            assert!(!is_unseen(seen), "{seen:?}");
        }
    }

    #[test]
    fn a_uri_has_neither_white_space_nor_a_backslash_nor_half_an_encoding() {
        for good in ["https://c.example/a%20b?x=[1]#f", "urn:a:b", "com.example.app:/cb", ""] {
            assert!(is_uri_text(good), "{good}");
        }
        for bad in [
            "https://a.example\\@b.example/",
            "a b",
            "a\t",
            "é",
            "a%2",
            "a%2g",
            "a%",
            "<a>",
            "a|b",
            "a^",
            "\"",
            "{a}",
            "`",
        ] {
            assert!(!is_uri_text(bad), "{bad}");
        }
    }
}
