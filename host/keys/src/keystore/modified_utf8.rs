//! Modified UTF-8, the text of Java's `DataOutput.writeUTF`: UTF-16 units of one to three bytes each, NUL in two.
//!
//! Rejects text with unpaired surrogates: it is not Unicode.

/// Decodes. Returns `None` if the bytes are not such text.
pub(super) fn decode(bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut bytes = bytes.iter().copied();
    let continuation = |byte: Option<u8>| byte.filter(|byte| byte & 0xc0 == 0x80).map(|byte| u16::from(byte & 0x3f));
    while let Some(first) = bytes.next() {
        units.push(match first {
            0x00..=0x7f => u16::from(first),
            0xc0..=0xdf => u16::from(first & 0x1f) << 6 | continuation(bytes.next())?,
            0xe0..=0xef => {
                let middle = continuation(bytes.next())?;
                u16::from(first & 0x0f) << 12 | middle << 6 | continuation(bytes.next())?
            }
            _ => return None,
        });
    }
    String::from_utf16(&units).ok()
}

/// Encodes.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let low = 0x80 | (unit & 0x3f) as u8;
        match unit {
            0x01..=0x7f => bytes.push(unit as u8),
            0x00 | 0x80..=0x7ff => bytes.extend([0xc0 | (unit >> 6) as u8, low]),
            _ => bytes.extend([0xe0 | (unit >> 12) as u8, 0x80 | (unit >> 6 & 0x3f) as u8, low]),
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_java_is_read_back() {
        for (text, bytes) in [
            ("wso2", &b"wso2"[..]),
            ("a\0b", b"a\xc0\x80b"),
            ("é€", b"\xc3\xa9\xe2\x82\xac"),
            ("😀", b"\xed\xa0\xbd\xed\xb8\x80"),
        ] {
            assert_eq!(encode(text), bytes, "{text:?}");
            assert_eq!(decode(bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_such_text_is_rejected() {
        for bytes in [&b"\xff"[..], b"\x80", b"\xc3", b"\xe2\x82", b"\xc3\x41", b"\xed\xa0\xbd", b"\xf0\x9f\x98\x80"] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
