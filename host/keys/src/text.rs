//! Foreign text: how it is read from a file, and how it is shown in a message.

/// Skips the byte order mark of UTF-8.
pub(crate) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// What the text is, if it is in an encoding that no reader here takes.
pub(crate) fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    let wide = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => true,
        // Without a mark: PEM and JSON begin with ASCII, and DER with `0`.
        [first, 0, ..] | [0, first, ..] => first.is_ascii_graphic() && *first != b'0',
        _ => false,
    };
    wide.then_some(
        "it is UTF-16, as PowerShell's `>` writes it: save it as UTF-8, such as with `Out-File -Encoding ascii`",
    )
}

/// Foreign text for a message: quoted, control characters escaped, cut after 64 characters.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        assert_eq!(quoted("a\n\"é"), r#""a\n\"é""#);
        assert_eq!(quoted(&"é".repeat(64)).chars().count(), 66);
        assert_eq!(quoted(&"é".repeat(9_999)), format!("\"{}\"...", "é".repeat(64)));
    }

    #[test]
    fn only_the_mark_of_utf8_is_skipped_and_once() {
        assert_eq!(without_mark("\u{feff}a".as_bytes()), b"a");
        assert_eq!(without_mark("\u{feff}\u{feff}".as_bytes()), "\u{feff}".as_bytes());
        assert_eq!(without_mark(b"a"), b"a");
    }

    #[test]
    fn utf16_is_recognised_with_and_without_a_mark_and_der_is_not_taken_for_it() {
        for text in [&b"\xff\xfe-\0"[..], b"\xfe\xff\0-", b"-\0-\0", b"\0{\0\""] {
            assert!(foreign_encoding(text).is_some(), "{text:?}");
        }
        for text in [&b"-----"[..], b"{}", b"", b"-", b"\xef\xbb\xbf{", b"0\x82\x01\x00", b"0\0", b"0\x80\0\0", b"\0\0"]
        {
            assert!(foreign_encoding(text).is_none(), "{text:?}");
        }
    }
}
