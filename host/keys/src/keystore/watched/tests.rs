//! Files that change.

use super::*;
use crate::keystore::testing::certificate;
use crate::keystore::{CertificateStores, StoreKind};

const PASS: &str = "secret";

fn open(path: &Path, interval: Duration) -> WatchedKeystore {
    let mut watched = WatchedKeystore::open(path, PASS.to_owned().into()).unwrap();
    watched.interval = interval;
    watched
}

fn add(path: &Path, alias: &str) {
    Keystore::edit(path, PASS, |store| store.insert(alias, certificate(alias), 0, false)).unwrap();
}

fn has(watched: &WatchedKeystore, alias: &str) -> bool {
    watched.clients().key_set(alias).unwrap().is_some()
}

#[test]
fn a_changed_file_is_read_again_and_an_unchanged_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    add(&path, "one");
    let watched = open(&path, Duration::ZERO);
    let before = watched.clients();
    assert!(!watched.check());
    assert!(Arc::ptr_eq(&before, &watched.clients()));
    add(&path, "two");
    assert!(!has(&watched, "two"));
    assert!(watched.check());
    assert!(has(&watched, "two") && has(&watched, "one"));
}

#[test]
fn a_broken_or_missing_file_is_noticed_once_and_the_last_good_content_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    add(&path, "one");
    let good = std::fs::read(&path).unwrap();
    let watched = open(&path, Duration::ZERO);
    for broken in [Some(&good[..good.len() / 2]), None] {
        match broken {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        assert!(watched.check(), "noticed");
        assert!(!watched.check(), "once");
        assert!(has(&watched, "one"));
    }
    let mut store = Keystore::new(StoreKind::Jks);
    store.insert("two", certificate("two"), 0, false).unwrap();
    std::fs::write(&path, store.to_bytes(PASS).unwrap()).unwrap();
    assert!(watched.check());
    assert!(has(&watched, "two") && !has(&watched, "one"));
}

#[test]
fn the_file_is_looked_at_once_in_an_interval() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    add(&path, "one");
    let often = open(&path, Duration::ZERO);
    assert!(often.is_due() && often.is_due());
    assert!(!open(&path, Duration::from_secs(3600)).is_due());
}

#[test]
fn a_request_after_the_interval_sees_the_change() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    add(&path, "one");
    let stores = CertificateStores::new(Some(open(&path, Duration::ZERO)), None);
    add(&path, "two");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(stores.key_set("two")).unwrap().is_some());
}

#[test]
fn a_file_that_cannot_be_opened_at_the_start_is_an_error_and_passwords_are_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.p12");
    assert!(WatchedKeystore::open(&path, PASS.to_owned().into()).is_err());
    add(&path, "one");
    assert!(WatchedKeystore::open(&path, "wrong!".to_owned().into()).is_err());
    assert!(!format!("{:?}", open(&path, Duration::ZERO)).contains(PASS));
}
