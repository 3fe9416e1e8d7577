//! What WSO2 Identity Server keeps in `CONSUMER_SECRET`: the secret itself, its hash, or its ciphertext.
//!
//! Only the secret itself can be taken over. The configuration says what the server was told to keep; the text says it
//! where the configuration is silent.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dropins_protocol::Secret;
use serde_json::Value;

/// What a column holds.
pub(super) enum StoredSecret {
    /// Nothing.
    None,
    /// The secret.
    Plain(Secret),
    /// A hash, which does not give the secret back.
    Hashed,
    /// A ciphertext under the keystore of the old server.
    Encrypted,
}

/// What the old server was told to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Secrets,
    Hashes,
    Ciphertexts,
}

impl Kept {
    /// Read from `[oauth]` of its configuration.
    pub(super) fn of(oauth: Option<&toml::Table>) -> Self {
        let hashes = oauth.and_then(|oauth| oauth.get("hash_tokens_and_secrets"));
        if hashes.is_some_and(|value| value.as_bool() == Some(true) || value.as_str() == Some("true")) {
            return Self::Hashes;
        }
        let extensions = oauth.and_then(|oauth| oauth.get("extensions")).and_then(toml::Value::as_table);
        let places = [oauth, extensions];
        let processor = places.iter().flatten().find_map(|table| table.get("token_persistence_processor")?.as_str());
        match processor {
            Some(name) if name.contains("Hashing") => Self::Hashes,
            Some(name) if name.contains("Encryption") => Self::Ciphertexts,
            _ => Self::Secrets,
        }
    }
}

impl StoredSecret {
    pub(super) fn read(text: &str, kept: Kept) -> Self {
        if text.is_empty() {
            return Self::None;
        }
        match kept {
            Kept::Hashes => Self::Hashed,
            Kept::Ciphertexts => Self::Encrypted,
            Kept::Secrets if is_hash(text) => Self::Hashed,
            Kept::Secrets if is_ciphertext(text) => Self::Encrypted,
            Kept::Secrets => Self::Plain(Secret::new(text.to_owned())),
        }
    }
}

/// `{"algorithm":"SHA-256","hash":"…"}`, or the hexadecimal digits of SHA-256.
fn is_hash(text: &str) -> bool {
    let is_json = serde_json::from_str::<Value>(text).is_ok_and(|json| json.get("hash").is_some());
    is_json || (text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Base64 of `{"c":"…","t":"RSA/ECB/OAEP…"}`, or of what RSA with at least 1 024 bits makes.
fn is_ciphertext(text: &str) -> bool {
    let Ok(bytes) = BASE64_STANDARD.decode(text) else { return false };
    bytes.len() >= 128 || serde_json::from_slice::<Value>(&bytes).is_ok_and(|json| json.get("c").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str, kept: Kept) -> &'static str {
        match StoredSecret::read(text, kept) {
            StoredSecret::None => "none",
            StoredSecret::Plain(_) => "plain",
            StoredSecret::Hashed => "hashed",
            StoredSecret::Encrypted => "encrypted",
        }
    }

    #[test]
    fn a_secret_is_told_from_a_hash_and_a_ciphertext() {
        let (hash, hex) = (r#"{"algorithm":"SHA-256","hash":"ab"}"#, "ab".repeat(32));
        let sealed = BASE64_STANDARD.encode(r#"{"c":"YQ==","t":"RSA/ECB/OAEPwithSHA1andMGF1Padding"}"#);
        let rsa = BASE64_STANDARD.encode([7; 256]);
        let plain = "rgfKVdnMQnJ0CYVWOK9F7_w7zAAa";
        let texts = ["", plain, hash, &hex, &sealed, &rsa].map(|text| kind(text, Kept::Secrets));
        assert_eq!(texts, ["none", "plain", "hashed", "hashed", "encrypted", "encrypted"]);
        assert_eq!((kind(plain, Kept::Hashes), kind(plain, Kept::Ciphertexts)), ("hashed", "encrypted"));
    }

    #[test]
    fn the_configuration_says_what_was_kept() {
        let kept =
            |text: &str| Kept::of(text.parse::<toml::Table>().unwrap().get("oauth").and_then(toml::Value::as_table));
        assert_eq!(kept("[oauth]\nx = 1"), Kept::Secrets);
        assert_eq!(kept(""), Kept::Secrets);
        for text in ["hash_tokens_and_secrets = true", "hash_tokens_and_secrets = 'true'"] {
            assert_eq!(kept(&format!("[oauth]\n{text}")), Kept::Hashes);
        }
        let processor = |name: &str| kept(&format!("[oauth.extensions]\ntoken_persistence_processor = 'org.x.{name}'"));
        assert_eq!(processor("HashingPersistenceProcessor"), Kept::Hashes);
        assert_eq!(processor("EncryptionDecryptionPersistenceProcessor"), Kept::Ciphertexts);
        assert_eq!(processor("PlainTextPersistenceProcessor"), Kept::Secrets);
    }
}
