//! The reference id: what a client is told, and what finds the reason in the log.

use aws_lc_rs::rand;

/// Sixteen letters and digits: enough to be unique in any log, short enough to be read out over the phone.
const LENGTH: usize = 16;
/// Crockford's alphabet: no letter looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh reference id.
pub fn reference() -> String {
    let mut bytes = [0; LENGTH];
    // An id that is not random is a nuisance, not a danger.
    let _ = rand::fill(&mut bytes);
    bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 32))).map(|&letter| char::from(letter)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_sixteen_letters_and_digits_and_does_not_repeat() {
        let (one, two) = (reference(), reference());
        assert!(one.len() == 16 && one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, two);
    }
}
