//! Aliases and changes.

use super::*;
use crate::keystore::testing::{NOW, certificate, key_entry};

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
fn a_sealed_key_is_not_printed() {
    let text = format!("{:?}", key_entry("server"));
    assert!(text.contains("SealedKey(100 bytes)") && !text.contains("7, 7, 7, 7"), "{text}");
}
