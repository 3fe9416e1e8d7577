//! Identifiers, secrets and tokens that an attacker cannot guess.
//!
//! Letters and digits survive shells, URLs, forms and a Basic header without encoding; base64url is for hashes and keys.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::secret::Secret;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The system has no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system has no random numbers")]
pub struct NoRandomness;

/// A client id of 28 characters, as WSO2 Identity Server makes them.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_client_id() -> Result<String, NoRandomness> {
    text(28)
}

/// A client secret of 256 bits.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_client_secret() -> Result<Secret, NoRandomness> {
    text(43).map(Secret::new)
}

/// A registration access token of 256 bits (RFC 7592 section 3).
///
/// # Errors
/// [`NoRandomness`].
pub fn new_registration_token() -> Result<Secret, NoRandomness> {
    text(43).map(Secret::new)
}

/// A text of this length; a letter has almost six bits.
///
/// # Errors
/// [`NoRandomness`].
pub fn text(length: usize) -> Result<String, NoRandomness> {
    let mut text = String::with_capacity(length);
    let mut bytes = zeroize::Zeroizing::new([0; 64]);
    while text.len() < length {
        rand::fill(&mut *bytes).map_err(|_| NoRandomness)?;
        // 248 is the largest multiple of 62 in a byte: no letter is more likely than another.
        let fair = bytes.iter().filter(|byte| **byte < 248);
        let letters = fair.filter_map(|byte| ALPHABET.get(usize::from(byte % 62))).map(|&letter| char::from(letter));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

/// So many random bytes as base64url without padding.
///
/// # Errors
/// [`NoRandomness`].
pub fn base64url<const BYTES: usize>() -> Result<String, NoRandomness> {
    let mut bytes = zeroize::Zeroizing::new([0; BYTES]);
    rand::fill(&mut *bytes).map_err(|_| NoRandomness)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_secrets_have_their_length_and_do_not_repeat() {
        let (one, two) = (new_client_id().unwrap(), new_client_id().unwrap());
        assert!(one.len() == 28 && one.bytes().all(|byte| byte.is_ascii_alphanumeric()) && one != two);
        assert_eq!(new_client_secret().unwrap().expose().len(), 43);
        assert_ne!(new_registration_token().unwrap(), new_registration_token().unwrap());
        assert_eq!(text(200).unwrap().len(), 200);
        assert_eq!(base64url::<32>().unwrap().len(), 43);
    }
}
