//! The reader of JWK sets: never panics, and accepts every accepted key again.

#![no_main]

use dropins_host::services::PublicKey as _;
use dropins_keys::{KeyInput, KeySet, Severity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let (keys, findings) = KeySet::read(&[KeyInput::Jwks { name: None, text }], 1_800_000_000);
    assert!(!keys.keys().is_empty() || findings.iter().any(|finding| finding.severity == Severity::Error));
    for key in keys.keys() {
        let again = format!("{{\"keys\":[{}]}}", key.jwk());
        let (copy, findings) = KeySet::read(&[KeyInput::Jwks { name: None, text: again.as_bytes() }], 1_800_000_000);
        assert!(findings.is_empty());
        assert!(copy.keys().iter().all(|copy| copy.thumbprint() == key.thumbprint()));
    }
});
