//! PKCS#12: round trips and hostile files. Files of keytool and openssl are in tests/keystores.rs.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use cms::encrypted_data::EncryptedData;
use der::asn1::OctetString;
use der::{Any, Decode as _, Encode as _};
use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use pkcs5::pbes2;
use pkcs12::AuthenticatedSafe;
use pkcs12::pfx::Pfx;
use proptest::prelude::*;

use super::*;
use crate::keystore::EntryKind;
use crate::keystore::testing::certificate;
use crate::{KeyFamily, SigningKey, pem};

const PASS: &str = "changeit";

/// A key `server`, a certificate `Client`, and one without a name.
fn good() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| {
        let key = SigningKey::generate(KeyFamily::P256).unwrap().to_pkcs8_pem().unwrap();
        let key = PrivateKey::from_der(&pem::blocks(key.as_bytes()).unwrap()[0].der).unwrap();
        let leaf = Certificate::from_der(&certificate("server")).unwrap();
        let chain = PrivateKeyChain::new("Time 1234567", key, [leaf]);
        let mut theirs = KeyStore::new();
        theirs.add_entry("server", KeyStoreEntry::PrivateKeyChain(chain));
        let bytes = theirs.writer(PASS).encryption_iterations(10).mac_iterations(10).write().unwrap();
        let mut store = Keystore::read(&bytes, PASS).unwrap();
        store.insert("Client", certificate("client"), 0, false).unwrap();
        store.unnamed.push(certificate("nobody"));
        store.to_bytes(PASS).unwrap()
    })
}

/// Takes a file apart, lets one safe be changed, and puts it together without a MAC, which would be wrong.
fn with_safes(bytes: &[u8], change: impl FnOnce(&mut AuthenticatedSafe)) -> Vec<u8> {
    let mut pfx = Pfx::from_der(bytes).unwrap();
    let content = pfx.auth_safe.content.decode_as::<OctetString>().unwrap();
    let mut safes = AuthenticatedSafe::from_der(content.as_bytes()).unwrap();
    change(&mut safes);
    pfx.auth_safe.content = Any::encode_from(&OctetString::new(safes.to_der().unwrap()).unwrap()).unwrap();
    pfx.mac_data = None;
    pfx.to_der().unwrap()
}

fn refusal(bytes: &[u8]) -> StoreError {
    let started = Instant::now();
    let error = Keystore::read(bytes, PASS).unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(500), "{error}");
    error
}

#[test]
fn a_store_is_read_back_as_it_was() {
    let mut store = Keystore::read(good(), PASS).unwrap();
    let aliases: Vec<_> =
        store.entries().iter().map(|entry| (entry.alias(), entry.kind(), entry.chain().len())).collect();
    assert_eq!(aliases, [("server", EntryKind::PrivateKey, 1), ("Client", EntryKind::TrustedCertificate, 1)]);
    assert_eq!((store.unnamed().len(), store.entries()[0].created()), (1, Some(1234)));
    assert_eq!(Keystore::read(&store.to_bytes(PASS).unwrap(), PASS).unwrap(), store);
    store.remove("server").unwrap();
    assert_eq!(Keystore::read(&store.to_bytes(PASS).unwrap(), PASS).unwrap(), store);
}

#[test]
fn an_empty_store_is_read_back_with_its_password_only() {
    let bytes = Keystore::new(StoreKind::Pkcs12).to_bytes(PASS).unwrap();
    assert!(Keystore::read(&bytes, PASS).unwrap().entries().is_empty());
    assert!(matches!(refusal_of_password(&bytes), StoreError::WrongPassword));
    assert!(matches!(refusal_of_password(good()), StoreError::WrongPassword));
}

fn refusal_of_password(bytes: &[u8]) -> StoreError {
    Keystore::read(bytes, "changeit!").unwrap_err()
}

#[test]
fn a_store_without_a_mac_stays_without_one() {
    let bytes = with_safes(good(), |_| ());
    let store = Keystore::read(&bytes, PASS).unwrap();
    assert!(store.pkcs12.unprotected);
    let again = store.to_bytes("").unwrap();
    assert!(Pfx::from_der(&again).unwrap().mac_data.is_none());
    let clear = |safe: &cms::content_info::ContentInfo| safe.content_type == bag::DATA;
    let _all_clear = with_safes(&again, |safes| assert!(safes.iter().all(clear)));
    assert_eq!(Keystore::read(&again, PASS).unwrap(), store);
}

#[test]
fn a_key_with_another_password_is_named_as_that() {
    let mut store = Keystore::read(good(), PASS).unwrap();
    store.remove("Client").unwrap();
    // The key bag stays sealed with the old password, the rest gets a new one.
    let bytes = store.to_bytes("another").unwrap();
    assert!(matches!(Keystore::read(&bytes, "another"), Err(StoreError::KeyPassword)));
}

#[test]
fn a_billion_iterations_of_the_mac_are_rejected_at_once() {
    for iterations in [1_000_000_000, i32::MAX] {
        let mut pfx = Pfx::from_der(good()).unwrap();
        pfx.mac_data.as_mut().unwrap().iterations = iterations;
        let error = refusal(&pfx.to_der().unwrap());
        assert!(matches!(error, StoreError::TooMuchWork { .. }), "{error}");
    }
}

/// Rewrites the parameters of the safe with the certificates.
fn with_parameters(parameters: &pbes2::Parameters) -> Vec<u8> {
    with_safes(good(), |safes| {
        let mut data = EncryptedData::from_der(&safes[0].content.to_der().unwrap()).unwrap();
        data.enc_content_info.content_enc_alg.parameters = Some(Any::encode_from(parameters).unwrap());
        safes[0].content = Any::encode_from(&data).unwrap();
    })
}

#[test]
fn a_billion_iterations_of_the_encryption_are_rejected_at_once() {
    let mut parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(1, &[1; 20], [2; 16]).unwrap();
    if let pbes2::Kdf::Pbkdf2(derivation) = &mut parameters.kdf {
        derivation.iteration_count = 1_000_000_000;
    }
    let error = refusal(&with_parameters(&parameters));
    assert!(matches!(error, StoreError::TooMuchWork { iterations, .. } if iterations >= 1_000_000_000), "{error}");
}

#[test]
fn scrypt_which_takes_any_memory_is_rejected_at_once() {
    let scrypt = pkcs5::scrypt::Params::new(4, 8, 1).unwrap();
    let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(scrypt, &[1; 20], [2; 16]).unwrap();
    assert!(matches!(refusal(&with_parameters(&parameters)), StoreError::Unsupported(what) if what == "scrypt"));
}

#[test]
fn many_safes_that_each_ask_for_much_are_rejected_together() {
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(900_000, &[1; 20], [2; 16]).unwrap();
    let one = with_parameters(&parameters);
    let many = with_safes(&one, |safes| {
        let heavy = safes[0].clone();
        safes.extend(std::iter::repeat_n(heavy, 10));
    });
    assert!(matches!(refusal(&many), StoreError::TooMuchWork { .. }));
}

#[test]
fn more_bags_than_entries_may_have_are_rejected_before_they_are_kept() {
    let bag = [0x30, 0x05, 0x06, 0x01, 0x2a, 0xa0, 0x00];
    let bags: Vec<u8> = bag.repeat(100_000);
    let length = u32::try_from(bags.len()).unwrap().to_be_bytes();
    let safe = [&[0x30, 0x84][..], &length, &bags].concat();
    let bytes = with_safes(good(), |safes| {
        safes[1].content = Any::encode_from(&OctetString::new(safe).unwrap()).unwrap();
    });
    assert!(matches!(refusal(&bytes), StoreError::Der(_)));
}

#[test]
fn keys_without_a_name_are_numbered_as_java_does() {
    let (first, second) = (certificate("a"), certificate("b"));
    let bag = |der: &[u8], id: u8| CertificateBag {
        friendly_name: None,
        local_key_id: Some(vec![id]),
        trusted: false,
        cert: Certificate::from_der(der).unwrap(),
    };
    let mut certificates = Certificates::new(vec![bag(&first, 1), bag(&second, 2)]);
    let key = |id: u8| Key { alias: None, local_key_id: Some(vec![id]), sealed: None };
    assert_eq!(certificates.chain(&key(2)), [second]);
    assert_eq!(certificates.chain(&key(1)), [first]);
    assert!(certificates.chain(&key(3)).is_empty());
    let (named, unnamed) = certificates.remaining();
    assert!(named.is_empty() && unnamed.is_empty());
}

#[test]
fn only_java_writes_the_time_into_the_id_of_a_key() {
    assert_eq!(java_time(b"Time 1700000000123"), Some(1_700_000_000_123));
    for other in [&b"Time "[..], b"Time x", b"time 1", b"\xff"] {
        assert_eq!(java_time(other), None);
    }
}

/// BER as Bouncy Castle writes it: indefinite lengths wherever they may be, octet strings in pieces.
fn ber(der: &[u8], piece: usize) -> Vec<u8> {
    fn first(der: &[u8]) -> (u8, &[u8], &[u8]) {
        let (length, header) = match der[1] {
            short @ 0..0x80 => (usize::from(short), 2),
            long => {
                let bytes = usize::from(long & 0x7f);
                (der[2..2 + bytes].iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), 2 + bytes)
            }
        };
        (der[0], &der[header..header + length], &der[header + length..])
    }
    fn indefinite(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, 0x80], content, &[0, 0]].concat()
    }
    let (tag, mut content, _) = first(der);
    if tag == 0x04 || tag == 0x80 {
        let mut pieces = Vec::new();
        for bytes in content.chunks(piece) {
            crate::der_writer::header(&mut pieces, 0x04, bytes.len());
            pieces.extend(bytes);
        }
        return indefinite(tag | 0x20, &pieces);
    }
    if tag & 0x20 == 0 {
        return der.to_vec();
    }
    let mut children = Vec::new();
    while !content.is_empty() {
        let rest = first(content).2;
        children.extend(ber(&content[..content.len() - rest.len()], piece));
        content = rest;
    }
    indefinite(tag, &children)
}

/// The good file in BER, its inner structure included, with a MAC over what is in the file.
fn good_in_ber(piece: usize) -> Vec<u8> {
    let mut pfx = Pfx::from_der(good()).unwrap();
    let content = pfx.auth_safe.content.decode_as::<OctetString>().unwrap();
    let inner = ber(content.as_bytes(), piece);
    pfx.mac_data = Some(writer::mac(&inner, PASS).unwrap());
    pfx.auth_safe.content = Any::encode_from(&OctetString::new(inner).unwrap()).unwrap();
    ber(&pfx.to_der().unwrap(), piece)
}

#[test]
fn ber_is_read_like_der_and_written_as_der() {
    let store = Keystore::read(good(), PASS).unwrap();
    for piece in [1000, 7, 1] {
        let bytes = good_in_ber(piece);
        assert!(Pfx::from_der(&bytes).is_err());
        let read = Keystore::read(&bytes, PASS).unwrap();
        assert_eq!(read, store);
        let again = read.to_bytes(PASS).unwrap();
        assert!(Pfx::from_der(&again).is_ok());
        assert_eq!(Keystore::read(&again, PASS).unwrap(), store);
    }
    // The outer structure alone.
    assert_eq!(Keystore::read(&ber(good(), 1000), PASS).unwrap(), store);
}

#[test]
fn the_mac_of_a_file_in_ber_is_verified_over_what_is_in_the_file() {
    let bytes = good_in_ber(1000);
    assert!(matches!(refusal_of_password(&bytes), StoreError::WrongPassword));
    let mut pfx = Pfx::from_der(&ber::to_der(&bytes).unwrap()).unwrap();
    assert!(Keystore::read(&pfx.to_der().unwrap(), PASS).is_ok());
    pfx.mac_data.as_mut().unwrap().mac_salt = OctetString::new([0; 20]).unwrap();
    assert!(matches!(Keystore::read(&pfx.to_der().unwrap(), PASS), Err(StoreError::WrongPassword)));
    let mut pfx = Pfx::from_der(&ber::to_der(&bytes).unwrap()).unwrap();
    pfx.mac_data.as_mut().unwrap().iterations = 1_000_000_000;
    assert!(matches!(refusal(&pfx.to_der().unwrap()), StoreError::TooMuchWork { .. }));
    pfx.mac_data = None;
    assert!(Keystore::read(&pfx.to_der().unwrap(), PASS).unwrap().pkcs12.unprotected);
}

#[test]
fn a_store_with_an_empty_password_is_read() {
    let mut store = Keystore::new(StoreKind::Pkcs12);
    store.insert("client", certificate("c"), 0, false).unwrap();
    let bytes = store.to_bytes("").unwrap();
    assert_eq!(Keystore::read(&bytes, "").unwrap().entries().len(), 1);
    assert!(matches!(Keystore::read(&bytes, "x"), Err(StoreError::WrongPassword)));
}

#[test]
fn a_truncated_file_is_rejected_wherever_it_ends() {
    for end in (1..good().len()).step_by(7) {
        assert!(Keystore::read(&good()[..end], PASS).is_err(), "{end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn arbitrary_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = Keystore::read(&[&[0x30][..], &bytes].concat(), PASS);
        let _ = Keystore::read(&[&[0x30, 0x80][..], &bytes].concat(), PASS);
    }

    #[test]
    fn damaged_ber_is_read_without_a_panic(place in any::<proptest::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = good_in_ber(100);
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Keystore::read(&bytes, PASS);
    }

    #[test]
    fn damaged_files_are_read_without_a_panic(place in any::<proptest::sample::Index>(), byte in any::<u8>(), mac in any::<bool>()) {
        let mut bytes = if mac { good().to_vec() } else { with_safes(good(), |_| ()) };
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let _ = Keystore::read(&bytes, PASS);
    }

    #[test]
    fn any_alias_of_the_basic_plane_is_read_back(alias in "[^\u{10000}-\u{10ffff}]{1,20}") {
        let mut store = Keystore::new(StoreKind::Pkcs12);
        store.insert(&alias, certificate("c"), 0, false).unwrap();
        let again = Keystore::read(&store.to_bytes(PASS).unwrap(), PASS).unwrap();
        prop_assert_eq!(again.entries()[0].alias(), alias);
    }
}
