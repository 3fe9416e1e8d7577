//! Certificates and public keys, PEM and DER, as a registration, as an import and as a view: never a panic.

#![no_main]

use dropins_keys::keystore::{CertificateView, certificate_to_import};
use dropins_keys::{KeyInput, KeySet, Severity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes }], 1_800_000_000);
    assert!(!keys.keys().is_empty() || findings.iter().any(|finding| finding.severity == Severity::Error));
    if let Ok(der) = certificate_to_import(bytes) {
        assert!(CertificateView::of(&der).is_some(), "what is imported can be shown");
    }
    let _none = CertificateView::of(bytes);
});
