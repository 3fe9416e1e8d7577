//! Formats and files.

use super::*;
use crate::keystore::entry::{Content, Entry};
use crate::keystore::testing::{NOW, certificate};

fn store(kind: StoreKind, aliases: &[&str]) -> Keystore {
    let mut store = Keystore::new(kind);
    for alias in aliases {
        let content = Content::Certificate(certificate(alias));
        store.entries.push(Entry { alias: (*alias).to_owned(), content, created_millis: None });
    }
    store
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
fn an_alias_that_the_format_cannot_express_is_rejected_when_writing() {
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
