//! Writes DER: tags with definite lengths, and integers.

/// Appends a tag and the length of the content that follows.
pub(crate) fn header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let bytes = length.to_be_bytes();
    let significant = bytes.iter().position(|byte| *byte != 0).and_then(|first| bytes.get(first..)).unwrap_or(&[0]);
    match significant {
        [short @ 0..0x80] => out.push(*short),
        long => {
            // At most 8 bytes of length.
            out.push(0x80 | long.len() as u8);
            out.extend_from_slice(long);
        }
    }
}

/// Appends an INTEGER that is not negative, big-endian.
pub(crate) fn unsigned(out: &mut Vec<u8>, number: &[u8]) {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    let number = number.get(first..).unwrap_or_default();
    let sign = number.first().is_none_or(|byte| *byte >= 0x80);
    header(out, 0x02, number.len() + usize::from(sign));
    out.extend(sign.then_some(0));
    out.extend_from_slice(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_short_as_they_can_be() {
        for (length, expected) in [
            (0, &[4, 0][..]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0x01_0203, &[4, 0x83, 1, 2, 3]),
        ] {
            let mut out = Vec::new();
            header(&mut out, 4, length);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn integers_have_a_sign_byte_only_where_they_need_it() {
        for (number, expected) in
            [(&[][..], &[2, 1, 0][..]), (&[0, 0], &[2, 1, 0]), (&[0, 1], &[2, 1, 1]), (&[0x80], &[2, 2, 0, 0x80])]
        {
            let mut out = Vec::new();
            unsigned(&mut out, number);
            assert_eq!(out, expected);
        }
    }
}
