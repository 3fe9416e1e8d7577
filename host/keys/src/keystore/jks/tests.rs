//! JKS: round trips, a second reader, and hostile files.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::keystore::testing::{certificate, key_entry};

const PASS: &str = "changeit";

fn good() -> Keystore {
    let mut store = Keystore::new(StoreKind::Jks);
    store.entries.push(key_entry("server"));
    store.insert("client", certificate("client"), 1_800_000_000, false).unwrap();
    store
}

/// A file with this count and these bytes after it, and a good digest.
fn file(count: u32, entries: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = [MAGIC_JKS, VERSION, count].iter().flat_map(|number| number.to_be_bytes()).collect();
    bytes.extend(entries);
    let digest = digest(&bytes, PASS);
    bytes.extend(digest);
    bytes
}

fn refusal(bytes: &[u8]) -> StoreError {
    let started = Instant::now();
    let error = Keystore::read(bytes, PASS).unwrap_err();
    assert!(started.elapsed() < Duration::from_millis(500), "{error}");
    error
}

#[test]
fn a_store_is_read_back_as_it_was() {
    for kind in [StoreKind::Jks, StoreKind::Jceks] {
        let store = Keystore { kind, ..good() };
        assert_eq!(Keystore::read(&store.to_bytes(PASS).unwrap(), PASS).unwrap(), store);
    }
}

#[test]
fn another_reader_reads_what_we_write_and_we_what_it_writes() {
    let ours = good();
    let mut theirs = jks::KeyStore::new();
    theirs.load(ours.to_bytes(PASS).unwrap().as_slice(), PASS.as_bytes()).unwrap();
    let certificate = theirs.get_trusted_certificate_entry("client").unwrap();
    assert_eq!(&certificate.certificate.content, &ours.entries[1].chain()[0]);
    assert!(theirs.is_private_key_entry("server"));
    let mut bytes = Vec::new();
    theirs.store(&mut bytes, PASS.as_bytes()).unwrap();
    let again = Keystore::read(&bytes, PASS).unwrap();
    for alias in ["client", "server"] {
        assert_eq!(again.find(alias).unwrap().unwrap().content, ours.find(alias).unwrap().unwrap().content);
    }
}

#[test]
fn a_wrong_password_and_a_changed_byte_are_rejected_alike() {
    let bytes = good().to_bytes(PASS).unwrap();
    assert!(matches!(Keystore::read(&bytes, "changeit!"), Err(StoreError::WrongPassword)));
    let mut changed = bytes.clone();
    let key = bytes.len() / 4;
    changed[key] ^= 1;
    assert!(Keystore::read(&changed, PASS).is_err());
    changed = bytes;
    *changed.last_mut().unwrap() ^= 1;
    assert!(matches!(Keystore::read(&changed, PASS), Err(StoreError::WrongPassword)));
}

#[test]
fn four_billion_entries_in_a_hundred_bytes_are_rejected_at_once() {
    for count in [u32::MAX, MAX_ENTRIES as u32 + 1] {
        assert!(matches!(refusal(&file(count, &[0; 68])), StoreError::TooManyEntries { .. }));
    }
    assert_eq!(file(0, &[0; 68]).len(), 100);
    assert!(matches!(refusal(&file(MAX_ENTRIES as u32, &[])), StoreError::Corrupt { .. }));
}

#[test]
fn a_length_beyond_its_limit_or_beyond_the_end_is_rejected_with_its_place() {
    let header = |tag: u32| [&tag.to_be_bytes()[..], &[0, 1], b"a", &[0; 8]].concat();
    let x509 = [&[0, 5][..], b"X.509"].concat();
    let claims = |tag, before: &[u8], length: u32| file(1, &[&header(tag), before, &length.to_be_bytes()[..]].concat());
    for (bytes, expected) in [
        (claims(CERTIFICATE, &x509, u32::MAX), "a certificate claims 4294967295"),
        (claims(CERTIFICATE, &x509, 1000), "ends in the middle of a certificate"),
        (claims(KEY, &[], u32::MAX), "a private key claims 4294967295"),
        (claims(KEY, &[0, 0, 0, 1, 9], u32::MAX), "a certificate chain claims"),
        (claims(KEY, &[0, 0, 0, 1, 9], 100), "ends in the middle of a certificate type"),
        (claims(CERTIFICATE, &[0, 5, 65, 65, 65, 65, 65], 0), "not of type X.509"),
        (claims(9, &[], 0), "unknown type 9"),
        (claims(SECRET, &[], 0), "unknown type 3"),
        (file(1, &[0, 0, 0, 2, 0, 1, 0xff, 0, 0, 0, 0, 0, 0, 0, 0]), "not modified UTF-8"),
        (file(1, &[0, 0, 0, 2, 0xff, 0xff]), "ends in the middle of an alias"),
        (file(0, &[1]), "bytes follow the last entry"),
        (vec![0xfe, 0xed, 0xfe, 0xed], "ends in the middle of the header"),
    ] {
        let text = refusal(&bytes).to_string();
        assert!(text.contains(expected) && text.contains("at byte"), "{text}");
    }
    let mut old = file(0, &[]);
    old[7] = 3;
    assert!(refusal(&old).to_string().contains("version is 3"));
}

#[test]
fn a_secret_key_of_jceks_is_named() {
    let mut bytes =
        file(1, &[0, 0, 0, 3, 0, 6, b's', b'e', b'c', b'r', b'e', b't', 0, 0, 0, 0, 0, 0, 0, 0, 0xac, 0xed]);
    bytes[..4].copy_from_slice(&MAGIC_JCEKS.to_be_bytes());
    let text = refusal(&bytes).to_string();
    assert!(text.contains("secret") && text.contains("keytool -importkeystore"), "{text}");
}

#[test]
fn a_truncated_file_is_rejected_wherever_it_ends() {
    let bytes = good().to_bytes(PASS).unwrap();
    for end in 4..bytes.len() {
        assert!(Keystore::read(&bytes[..end], PASS).is_err(), "{end}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for magic in [MAGIC_JKS, MAGIC_JCEKS] {
            let _ = Keystore::read(&[&magic.to_be_bytes()[..], &bytes].concat(), PASS);
        }
    }

    #[test]
    fn entries_of_arbitrary_bytes_under_a_good_digest_are_read_without_a_panic(
        count in 0..4_u32,
        entries in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = Keystore::read(&file(count, &entries), PASS);
    }

    #[test]
    fn damaged_files_under_a_good_digest_are_read_without_a_panic(
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut body = good().to_bytes(PASS).unwrap();
        body.truncate(body.len() - DIGEST);
        for (place, byte) in damage {
            let place = 4 + place.index(body.len() - 4);
            body[place] = byte;
        }
        body.extend(digest(&body, PASS));
        let _ = Keystore::read(&body, PASS);
    }

    #[test]
    fn any_aliases_dates_and_bytes_are_read_back(
        entries in proptest::collection::vec((".{0,20}", any::<i64>(), proptest::collection::vec(any::<u8>(), 0..50)), 0..5),
        password in ".{0,12}",
    ) {
        let mut store = Keystore::new(StoreKind::Jks);
        for (alias, created, bytes) in entries {
            let sealed = SealedKey { bytes: bytes.clone(), local_key_id: None };
            let key = Content::PrivateKey { sealed, chain: vec![bytes.clone(), Vec::new()] };
            for content in [key, Content::Certificate(bytes)] {
                store.entries.push(Entry { alias: alias.clone(), content, created_millis: Some(created) });
            }
        }
        prop_assert_eq!(Keystore::read(&store.to_bytes(&password).unwrap(), &password).unwrap(), store);
    }
}
