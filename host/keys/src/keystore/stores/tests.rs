//! Two stores.

use std::path::Path;

use dropins_services::KeyLookupError;

use super::*;
use crate::keystore::testing::{certificate, key_entry};
use crate::keystore::{Entry, EntryKind, Keystore, NotForClients, StoreKind, StoreLookupError};

fn watched(folder: &Path, name: &str, aliases: &[&str], keys: &[Entry]) -> WatchedKeystore {
    let mut store = Keystore::new(StoreKind::Jks);
    store.entries.extend(keys.iter().cloned());
    for alias in aliases {
        store.insert(alias, certificate(alias), 0, false).unwrap();
    }
    let path = folder.join(name);
    std::fs::write(&path, store.to_bytes("secret").unwrap()).unwrap();
    WatchedKeystore::open(path, "secret".to_owned().into()).unwrap()
}

#[test]
fn the_primary_store_comes_first_and_hides_what_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let primary = watched(folder.path(), "primary.jks", &["both", "first"], &[key_entry("wso2carbon")]);
    let trust = watched(folder.path(), "trust.jks", &["both", "second", "wso2carbon"], &[]);
    let stores = CertificateStores::new(Some(primary), Some(trust));
    let source = |client: &str| {
        use dropins_services::PublicKey as _;
        let keys = stores.find(client).unwrap()?;
        Some(keys.keys()[0].describe().source)
    };
    assert_eq!(source("Both").as_deref(), Some("keystore:primary.jks#both"));
    assert_eq!(source("first").as_deref(), Some("keystore:primary.jks#first"));
    assert_eq!(source("second").as_deref(), Some("keystore:trust.jks#second"));
    assert_eq!(source("third"), None);
    let error = stores.find("wso2carbon").unwrap_err();
    assert_eq!(
        (error.store.as_str(), &error.reason),
        ("primary.jks", &NotForClients::Key { kind: EntryKind::PrivateKey })
    );
    assert!(matches!(KeyLookupError::from(error), KeyLookupError::Unusable(_)));
    assert_eq!(stores.trust().unwrap().trusted_certificates().len(), 3);
    assert_eq!(stores.lint("second", 0).unwrap().map(|findings| findings.len()), Some(1), "not valid yet in 1970");
}

#[test]
fn no_store_has_no_keys() {
    assert!(CertificateStores::default().find("client").unwrap().is_none());
}

#[test]
fn clients_whose_ids_differ_in_case_alone_share_an_alias_and_the_one_with_the_exact_id_owns_it() {
    let folder = tempfile::tempdir().unwrap();
    let primary = watched(folder.path(), "primary.jks", &["app", "other"], &[key_entry("server")]);
    let trust = watched(folder.path(), "trust.jks", &["app", "mixed"], &[]);
    let stores = CertificateStores::new(Some(primary), Some(trust));
    assert_eq!(stores.folded_alias("app"), None);
    assert_eq!(stores.folded_alias("APP").as_deref(), Some("app"));
    assert_eq!(stores.folded_alias("Mixed").as_deref(), Some("mixed"));
    assert_eq!(stores.folded_alias("unknown"), None);

    assert_eq!(stores.clients_sharing_alias(["app", "other", "Mixed", "unknown", "UNKNOWN", "Server", "SERVER"]), []);
    assert_eq!(stores.clients_sharing_alias(["app", "app"]), [], "one client");
    let shared = stores.clients_sharing_alias(["app", "APP", "other", "App", "MIXED", "Mixed"]);
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
    assert_eq!(
        shared,
        [
            SharedAlias { alias: "app".to_owned(), client_ids: ids(&["APP", "App", "app"]) },
            SharedAlias { alias: "mixed".to_owned(), client_ids: ids(&["MIXED", "Mixed"]) },
        ]
    );
    assert!(shared[1].to_string().contains(r#""MIXED" and "Mixed" differ in case alone"#), "{}", shared[1]);

    let error = StoreLookupError::other_client("APP", "app".to_owned());
    assert_eq!(error.reason, NotForClients::OtherClient { alias: "app".to_owned() });
}
