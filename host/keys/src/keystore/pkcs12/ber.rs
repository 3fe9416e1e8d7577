//! BER as Bouncy Castle and EJBCA write it, rewritten as DER: indefinite lengths, long lengths, octet strings in pieces.
//!
//! Bounded: nesting of at most 24, and one pass over the bytes for each level. Octet strings are joined and not looked
//! into. A text that is not BER of this form is left to the reader of DER.

use std::borrow::Cow;

use crate::der_writer::header;

/// The deepest nesting; a PKCS#12 file needs 9 levels at most.
const MAX_DEPTH: usize = 24;

const CONSTRUCTED: u8 = 0x20;
const INDEFINITE: u8 = 0x80;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
/// `[0] IMPLICIT`, in one piece.
const CONTEXT_0: u8 = 0x80;

/// The same value in DER. Returns `None` if the bytes are not one BER value within the bounds.
pub(super) fn to_der(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (element, _) = Element::first(bytes, 0).filter(|(_, rest)| rest.is_empty())?;
    if element.is_der(0)? {
        return Some(bytes.into());
    }
    let mut out = Vec::with_capacity(bytes.len());
    element.write(&mut out, 0)?;
    Some(out.into())
}

/// One value: its tag, and its content without the end marker.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    /// Whether its length is written as DER demands.
    is_short: bool,
}

impl<'a> Element<'a> {
    /// The first value, and the bytes after it.
    fn first(bytes: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let [tag, length, rest @ ..] = bytes else { return None };
        // Tags of several bytes do not occur.
        if tag & 0x1f == 0x1f || depth > MAX_DEPTH {
            return None;
        }
        let (content, rest, is_short) = match *length {
            INDEFINITE if tag & CONSTRUCTED != 0 => {
                let length = indefinite_length(rest, depth)?;
                (rest.get(..length)?, rest.get(length + 2..)?, false)
            }
            short @ 0..0x80 => {
                let (content, rest) = rest.split_at_checked(usize::from(short))?;
                (content, rest, true)
            }
            long => {
                let (length, rest) = rest.split_at_checked(usize::from(long & 0x7f))?;
                if !(1..=8).contains(&length.len()) {
                    return None;
                }
                let is_short = !matches!(length, [0, ..] | [0..0x80]);
                let length = length.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
                let (content, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                (content, rest, is_short)
            }
        };
        Some((Self { tag: *tag, content, is_short }, rest))
    }

    /// Whether it is DER already.
    fn is_der(&self, depth: usize) -> Option<bool> {
        if !self.is_short || self.tag == OCTET_STRING | CONSTRUCTED {
            return Some(false);
        }
        let mut children = self.children(depth);
        while let Some((child, is_implicit)) = children.next()? {
            if is_implicit || !child.is_der(depth + 1)? {
                return Some(false);
            }
        }
        Some(true)
    }

    fn is_constructed(&self) -> bool {
        self.tag & CONSTRUCTED != 0
    }

    /// Appends the DER form.
    fn write(&self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        let (tag, content): (u8, Cow<'_, [u8]>) = match self.tag {
            pieces if pieces == OCTET_STRING | CONSTRUCTED => (OCTET_STRING, self.joined(depth)?.into()),
            tag if self.is_constructed() => (tag, self.rewritten(depth)?.into()),
            tag => (tag, self.content.into()),
        };
        header(out, tag, content.len());
        out.extend_from_slice(&content);
        Some(())
    }

    fn rewritten(&self, depth: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.content.len());
        let mut children = self.children(depth);
        while let Some((child, is_implicit)) = children.next()? {
            if is_implicit {
                let content = child.joined(depth + 1)?;
                header(&mut out, CONTEXT_0, content.len());
                out.extend(content);
            } else {
                child.write(&mut out, depth + 1)?;
            }
        }
        Some(out)
    }

    /// The values in it; none of a primitive value.
    fn children(&self, depth: usize) -> Children<'a> {
        let rest = if self.is_constructed() { self.content } else { &[] };
        Children { rest, depth: depth + 1, tags: [None; 2] }
    }

    /// The pieces of an octet string, joined.
    fn joined(&self, depth: usize) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.content.len());
        let mut rest = self.content;
        while !rest.is_empty() {
            let (piece, after) = Element::first(rest, depth + 1)?;
            match piece.tag & !CONSTRUCTED {
                OCTET_STRING if piece.is_constructed() => out.extend(piece.joined(depth + 1)?),
                OCTET_STRING => out.extend_from_slice(piece.content),
                _ => return None,
            }
            rest = after;
        }
        Some(out)
    }
}

/// Walks through the values in a value.
struct Children<'a> {
    rest: &'a [u8],
    depth: usize,
    /// Of the two values before the next one.
    tags: [Option<u8>; 2],
}

impl<'a> Children<'a> {
    /// The next value, and whether it is an octet string in pieces under `[0] IMPLICIT`. That is so in
    /// EncryptedContentInfo (RFC 5652 section 6.1), after a type and an algorithm; any other `[0]` of a PKCS#12 file is
    /// EXPLICIT. The outer `None` is an error.
    fn next(&mut self) -> Option<Option<(Element<'a>, bool)>> {
        if self.rest.is_empty() {
            return Some(None);
        }
        let (child, rest) = Element::first(self.rest, self.depth)?;
        let is_implicit =
            self.tags == [Some(OBJECT_IDENTIFIER), Some(SEQUENCE)] && child.tag == CONTEXT_0 | CONSTRUCTED;
        let [_, before] = self.tags;
        self.tags = [before, Some(child.tag)];
        self.rest = rest;
        Some(Some((child, is_implicit)))
    }
}

/// The length of the values before the end marker, two zero bytes.
fn indefinite_length(bytes: &[u8], depth: usize) -> Option<usize> {
    let mut rest = bytes;
    while !rest.starts_with(&[0, 0]) {
        (_, rest) = Element::first(rest, depth + 1)?;
    }
    bytes.len().checked_sub(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn der_is_left_as_it_is() {
        let certificate = crate::keystore::testing::certificate("c");
        for der in [&certificate[..], &[4, 0], &[5, 0], &[0x30, 3, 2, 1, 5], &[0xa0, 2, 5, 0]] {
            assert_eq!(to_der(der).as_deref(), Some(der));
        }
    }

    #[test]
    fn indefinite_and_long_lengths_become_short_and_pieces_are_joined() {
        for (ber, der) in [
            (&[0x30, 0x80, 2, 1, 5, 0, 0][..], &[0x30, 3, 2, 1, 5][..]),
            (&[0x30, 0x80, 0, 0], &[0x30, 0]),
            (&[0x30, 0x80, 0x30, 0x80, 0, 0, 5, 0, 0, 0], &[0x30, 4, 0x30, 0, 5, 0]),
            (&[4, 0x81, 1, 7], &[4, 1, 7]),
            (&[4, 0x84, 0, 0, 0, 1, 7], &[4, 1, 7]),
            (&[0x24, 0x80, 4, 1, 7, 4, 2, 8, 9, 0, 0], &[4, 3, 7, 8, 9]),
            (&[0x24, 0x80, 0x24, 3, 4, 1, 7, 4, 0, 0, 0], &[4, 1, 7]),
            // Content explicitly tagged, and implicitly in EncryptedContentInfo.
            (&[0x30, 0x80, 6, 1, 42, 0xa0, 0x80, 4, 1, 7, 0, 0, 0, 0], &[0x30, 8, 6, 1, 42, 0xa0, 3, 4, 1, 7]),
            (
                &[0x30, 0x80, 6, 1, 42, 0x30, 0, 0xa0, 0x80, 4, 1, 7, 4, 1, 8, 0, 0, 0, 0],
                &[0x30, 9, 6, 1, 42, 0x30, 0, 0x80, 2, 7, 8],
            ),
        ] {
            assert_eq!(to_der(ber).as_deref(), Some(der), "{ber:x?}");
        }
    }

    #[test]
    fn what_is_not_one_value_within_the_bounds_is_rejected() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 2, 5],
            &[0x30, 0x80, 5, 0],
            &[0x30, 0x80, 5, 0, 0],
            &[5, 0, 0],
            &[4, 0x80, 7, 0, 0],
            &[0x24, 0x80, 2, 1, 7, 0, 0],
            &[0x1f, 0x81, 1, 0],
            &[4, 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 1, 7],
            &[4, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 7],
        ] {
            assert_eq!(to_der(bytes), None, "{bytes:x?}");
        }
        let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(to_der(&nested(MAX_DEPTH + 1)).is_some());
        assert_eq!(to_der(&nested(MAX_DEPTH + 2)), None);
        assert_eq!(to_der(&nested(4_000_000)), None);
    }
}
