//! Aliases, changes, files.

use super::entry::SealedKey;
use super::*;
use crate::{KeyFamily, SigningKey, pem};

const NOW: i64 = 1_800_000_000;

pub(super) fn certificate(name: &str) -> Vec<u8> {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = key.self_signed_certificate(name, NOW - 1, NOW + 100_000_000).unwrap();
    pem::blocks(pem.as_bytes()).unwrap().remove(0).der.to_vec()
}

/// A private key entry, as JKS has them.
pub(super) fn key_entry(alias: &str) -> Entry {
    let sealed = SealedKey { bytes: vec![7; 100], local_key_id: None };
    let content = Content::PrivateKey { sealed, chain: vec![certificate(alias)] };
    Entry { alias: alias.to_owned(), content, created_millis: Some(1_234_567) }
}

fn store(kind: StoreKind, aliases: &[&str]) -> Keystore {
    let mut store = Keystore::new(kind);
    for alias in aliases {
        let content = Content::Certificate(certificate(alias));
        store.entries.push(Entry { alias: (*alias).to_owned(), content, created_millis: None });
    }
    store
}

const KINDS: [StoreKind; 3] = [StoreKind::Jks, StoreKind::Jceks, StoreKind::Pkcs12];

#[test]
fn an_alias_is_found_exactly_first_then_without_case_and_never_by_chance() {
    let two = store(StoreKind::Pkcs12, &["Client", "client", "other"]);
    let found = |store: &Keystore, alias: &str| store.find(alias).map(|entry| entry.map(|entry| entry.alias.clone()));
    assert_eq!(found(&two, "client").unwrap().as_deref(), Some("client"));
    assert_eq!(found(&two, "Client").unwrap().as_deref(), Some("Client"));
    assert_eq!(found(&two, "OTHER").unwrap().as_deref(), Some("other"));
    assert_eq!(found(&two, "clien").unwrap(), None);
    let error = found(&two, "CLIENT").unwrap_err();
    assert!(matches!(&error, StoreError::AmbiguousAlias { aliases, .. } if aliases == &["Client", "client"]));
    assert!(error.to_string().contains(r#""Client", "client""#), "{error}");
}

#[test]
fn an_entry_that_is_there_twice_is_ambiguous_even_exactly() {
    let twice = store(StoreKind::Pkcs12, &["client", "client"]);
    assert!(matches!(twice.find("client"), Err(StoreError::AmbiguousAlias { .. })));
}

#[test]
fn java_stores_get_lower_case_aliases_and_pkcs12_keeps_case() {
    for (kind, expected) in [(StoreKind::Jks, "client"), (StoreKind::Jceks, "client"), (StoreKind::Pkcs12, "Client")] {
        let mut store = Keystore::new(kind);
        store.insert("Client", certificate("c"), NOW, false).unwrap();
        assert_eq!(store.entries[0].alias(), expected);
        let again = Keystore::read(&store.to_bytes("secret").unwrap(), "secret").unwrap();
        assert_eq!(again.find("Client").unwrap().unwrap().chain(), store.entries[0].chain());
        assert_eq!(again.kind(), kind);
    }
}

#[test]
fn a_taken_alias_is_replaced_only_when_asked_and_a_key_never() {
    for kind in KINDS {
        let mut store = store(kind, &["client"]);
        store.entries.push(key_entry("server"));
        for replace in [false, true] {
            let taken = store.insert("Server", certificate("x"), NOW, replace);
            assert!(matches!(taken, Err(StoreError::AliasTaken { kind: EntryKind::PrivateKey, .. })));
        }
        let der = certificate("new");
        assert!(matches!(store.insert("CLIENT", der.clone(), NOW, false), Err(StoreError::AliasTaken { .. })));
        store.insert("CLIENT", der.clone(), NOW, true).unwrap();
        assert_eq!((store.entries.len(), store.entries[0].chain()), (2, &[der][..]));
        assert_eq!(store.entries[0].created(), Some(NOW));
        assert!(matches!(store.insert("", certificate("x"), NOW, true), Err(StoreError::AliasNotWritable { .. })));
    }
}

#[test]
fn removing_takes_exactly_one_entry() {
    let mut store = store(StoreKind::Jks, &["a", "b"]);
    assert_eq!(store.remove("B").unwrap().alias(), "b");
    assert!(matches!(store.remove("b"), Err(StoreError::NoAlias { .. })));
    assert_eq!(store.entries.len(), 1);
}

#[test]
fn an_alias_that_the_format_cannot_express_is_refused_when_writing() {
    for (kind, alias) in [(StoreKind::Pkcs12, "😀".to_owned()), (StoreKind::Jks, "a".repeat(70_000))] {
        let mut store = Keystore::new(kind);
        store.insert(&alias, certificate("c"), NOW, false).unwrap();
        assert!(matches!(store.to_bytes("secret"), Err(StoreError::AliasNotWritable { .. })), "{kind}");
    }
    let mut store = Keystore::new(StoreKind::Jks);
    store.insert("😀é", certificate("c"), NOW, false).unwrap();
    assert!(Keystore::read(&store.to_bytes("päß").unwrap(), "päß").unwrap().find("😀é").unwrap().is_some());
}

#[test]
fn what_is_no_keystore_says_what_it_is() {
    let pem = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(matches!(Keystore::read(b"", "x"), Err(StoreError::Empty)));
    assert!(matches!(Keystore::read(pem, "x"), Err(StoreError::Pem)));
    assert!(matches!(Keystore::read(b"PK\x03\x04", "x"), Err(StoreError::NotAKeystore)));
    assert!(matches!(Keystore::read(&certificate("c"), "x"), Err(StoreError::Der(_))));
    assert!(matches!(Keystore::read(&vec![0x30; 9 << 20], "x"), Err(StoreError::TooLarge { .. })));
}

#[test]
fn a_file_is_named_in_what_is_wrong_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wso2carbon.p12");
    for (make, expected) in [
        (None, "No such file"),
        (Some(&b"text"[..]), "neither JKS nor PKCS#12"),
        (Some(&vec![0; (MAX_FILE + 1) as usize][..]), "allowed are 8388608"),
    ] {
        if let Some(content) = make {
            std::fs::write(&path, content).unwrap();
        }
        let error = Keystore::open(&path, "secret").unwrap_err().to_string();
        assert!(error.contains("wso2carbon.p12") && error.contains(expected), "{error}");
    }
    assert!(matches!(Keystore::open(folder.path(), "x").unwrap_err().reason, StoreError::NotAFile));
}

#[test]
fn an_edit_replaces_the_file_in_one_step_and_keeps_the_previous_one() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let insert =
        |alias: &str| Keystore::edit(&path, "secret", |store| store.insert(alias, certificate("c"), NOW, false));
    insert("one").unwrap();
    assert_eq!((Keystore::open(&path, "secret").unwrap().kind(), mode(&path)), (StoreKind::Pkcs12, 0o600));
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(insert("ONE").is_err());
    assert_eq!(std::fs::read(&path).unwrap(), before);
    insert("two").unwrap();
    let backup = folder.path().join("store.p12.bak");
    assert_eq!((std::fs::read(&backup).unwrap(), mode(&backup), mode(&path)), (before, 0o640, 0o640));
    assert_eq!(Keystore::open(&path, "secret").unwrap().entries().len(), 2);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    assert!(Keystore::edit(&path, "wrong!", |_| Ok(())).is_err());
}

#[test]
fn an_edit_goes_through_a_symbolic_link_and_edits_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.jks"), folder.path().join("link.jks"));
    std::fs::write(&real, store(StoreKind::Jks, &[]).to_bytes("secret").unwrap()).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let link = &link;
            scope.spawn(move || {
                let alias = format!("client{number}");
                Keystore::edit(link, "secret", |store| store.insert(&alias, certificate("c"), NOW, false)).unwrap();
            });
        }
    });
    assert!(link.is_symlink());
    assert_eq!(Keystore::open(&real, "secret").unwrap().entries().len(), 8);
}

#[test]
fn a_sealed_key_is_not_printed() {
    let text = format!("{:?}", key_entry("server"));
    assert!(text.contains("SealedKey(100 bytes)") && !text.contains("7, 7, 7, 7"), "{text}");
}
