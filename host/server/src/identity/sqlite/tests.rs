//! The store against a real file.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::identity::TokenHash;
use crate::secret_hash::SecretHash;

fn store() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (SqliteStore::open(&folder.path().join("identity.db")).unwrap(), folder)
}

fn record(client_id: &str) -> ClientRecord {
    ClientRecord { client_id: client_id.to_owned(), enabled: true, ..ClientRecord::default() }
}

fn full(client_id: &str) -> ClientRecord {
    let text = |text: &str| Some(text.to_owned());
    ClientRecord {
        client_id: client_id.to_owned(),
        name: text("A \"name\" with ü"),
        enabled: false,
        auth_method: text("client_secret_basic"),
        signing_alg: text("ES256"),
        grant_types: vec!["client_credentials".to_owned()],
        redirect_uris: vec!["https://c.example/cb".to_owned(), "http://127.0.0.1/".to_owned()],
        scopes: vec!["read".to_owned(), "write".to_owned()],
        secret: Some(SecretHash::of("s3cret").unwrap()),
        certificate: text("-----BEGIN CERTIFICATE-----"),
        jwks: text("{\"keys\":[]}"),
        jwks_uri: text("https://c.example/jwks"),
        overrides: vec![("AllowedAlgorithms".to_owned(), vec!["ES256".to_owned(), "PS256".to_owned()])],
        registration_token: Some(TokenHash::of("token")),
        revision: 0,
        created_at: 1_700_000_000,
        updated_at: 1_700_000_001,
    }
}

#[tokio::test]
async fn what_is_written_is_read_back() {
    let (store, _folder) = store();
    let full = full("c");
    store.insert(full.clone()).await.unwrap();
    store.insert(record("bare")).await.unwrap();
    assert_eq!(store.find("c").await.unwrap(), Some(ClientRecord { revision: 1, ..full }));
    assert_eq!(store.find("bare").await.unwrap(), Some(ClientRecord { revision: 1, ..record("bare") }));
    assert_eq!(store.find("C").await.unwrap(), None);
    assert_eq!(store.count().await.unwrap(), 2);
}

#[tokio::test]
async fn a_second_client_with_the_same_id_is_refused() {
    let (store, _folder) = store();
    store.insert(record("c")).await.unwrap();
    assert_eq!(store.insert(full("c")).await, Err(StoreError::Exists { client_id: "c".to_owned() }));
    store.insert(record("C")).await.unwrap();
}

#[tokio::test]
async fn only_the_revision_that_was_read_can_be_replaced() {
    let (store, _folder) = store();
    let unknown = StoreError::Unknown { client_id: "c".to_owned() };
    assert_eq!(store.update(record("c")).await, Err(unknown.clone()));
    store.insert(record("c")).await.unwrap();
    let first = store.find("c").await.unwrap().unwrap();
    store.update(ClientRecord { name: Some("one".to_owned()), ..first.clone() }).await.unwrap();
    let late = store.update(ClientRecord { name: Some("two".to_owned()), ..first }).await;
    assert_eq!(late, Err(StoreError::Changed { client_id: "c".to_owned() }));
    assert_eq!(store.find("c").await.unwrap().unwrap().name.as_deref(), Some("one"));
}

#[tokio::test]
async fn pages_follow_the_byte_order_of_ids() {
    let (store, _folder) = store();
    for client_id in ["b", "a", "B", "~", "a0"] {
        store.insert(record(client_id)).await.unwrap();
    }
    let ids = |page: Vec<ClientRecord>| page.into_iter().map(|client| client.client_id).collect::<Vec<_>>();
    assert_eq!(ids(store.page("", 3).await.unwrap()), ["B", "a", "a0"]);
    assert_eq!(ids(store.page("a0", 3).await.unwrap()), ["b", "~"]);
    assert_eq!(ids(store.page("~", 3).await.unwrap()), [""; 0]);
}

#[tokio::test]
async fn every_change_has_a_higher_number_and_names_its_client() {
    let (store, folder) = store();
    assert_eq!((store.version().await.unwrap(), store.changes(0).await.unwrap()), (0, Changes::Clients(vec![])));
    store.insert(record("a")).await.unwrap();
    store.insert(record("b")).await.unwrap();
    let two = store.version().await.unwrap();
    store.remove("a").await.unwrap();
    assert!(!store.remove("a").await.unwrap());
    // By hand, as an operator would.
    let by_hand = rusqlite::Connection::open(folder.path().join("identity.db")).unwrap();
    by_hand.execute("UPDATE DROPINS_CLIENT SET ENABLED = 0 WHERE CLIENT_ID = 'b'", []).unwrap();
    assert!(store.version().await.unwrap() > two);
    assert_eq!(store.changes(two).await.unwrap(), Changes::Clients(vec!["a".to_owned(), "b".to_owned()]));
}

#[tokio::test]
async fn the_log_of_changes_is_bounded() {
    let (store, folder) = store();
    let connection = rusqlite::Connection::open(folder.path().join("identity.db")).unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)
                INSERT INTO DROPINS_CLIENT (CLIENT_ID, TIME_CREATED, TIME_UPDATED) SELECT 'c' || i, 0, 0 FROM n";
    connection.execute(many, []).unwrap();
    assert_eq!(store.version().await.unwrap(), 10_001);
    assert_eq!(store.changes(0).await.unwrap(), Changes::TooMany);
    assert!(matches!(store.changes(1).await.unwrap(), Changes::Clients(clients) if clients.len() == 10_000));
}

#[tokio::test]
async fn the_ledger_keeps_the_first_sight_and_the_last_use() {
    let (store, _folder) = store();
    let entry = |thumbprint: &str, first_seen, last_used| KeyUse {
        client_id: "c".to_owned(),
        thumbprint: thumbprint.to_owned(),
        source: "jwks".to_owned(),
        first_seen,
        last_used,
    };
    store.record(vec![entry("a", 10, None), entry("b", 10, Some(20))]).await.unwrap();
    store.record(vec![entry("a", 30, None), entry("b", 30, None), entry("b", 30, Some(15))]).await.unwrap();
    assert_eq!(store.uses("c").await.unwrap(), [entry("b", 10, Some(20)), entry("a", 10, None)]);
    store.record(vec![entry("a", 50, Some(60))]).await.unwrap();
    assert_eq!(store.uses("c").await.unwrap(), [entry("a", 10, Some(60)), entry("b", 10, Some(20))]);
    store.insert(record("c")).await.unwrap();
    store.remove("c").await.unwrap();
    assert_eq!(store.uses("c").await.unwrap(), []);
}

#[tokio::test]
async fn the_ledger_of_one_client_is_bounded() {
    let (store, _folder) = store();
    let uses = (0..600).map(|number| KeyUse {
        client_id: "c".to_owned(),
        thumbprint: format!("t{number:03}"),
        source: "jwks_uri".to_owned(),
        first_seen: number,
        last_used: Some(number),
    });
    store.record(uses.collect()).await.unwrap();
    let kept = store.uses("c").await.unwrap();
    assert_eq!((kept.len(), kept[0].thumbprint.as_str()), (128, "t599"));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_of_its_client_only() {
    let (store, folder) = store();
    store.insert(record("good")).await.unwrap();
    store.insert(record("bad")).await.unwrap();
    let connection = rusqlite::Connection::open(folder.path().join("identity.db")).unwrap();
    for damage in ["SCOPES = 'read'", "SECRET_HASH = 'plain'"] {
        connection.execute(&format!("UPDATE DROPINS_CLIENT SET {damage} WHERE CLIENT_ID = 'bad'"), []).unwrap();
        assert!(matches!(store.find("bad").await, Err(StoreError::Damaged { .. })), "{damage}");
        assert!(store.find("good").await.unwrap().is_some());
    }
}

#[test]
fn a_new_file_is_private_and_shares_its_schema_table_with_the_replay_store() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.db");
    drop(SqliteStore::open(&path).unwrap());
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ('replay', 7)", []).unwrap();
    drop(SqliteStore::open(&path).unwrap());
    let version = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = 'replay'";
    assert_eq!(connection.query_row(version, [], |row| row.get::<_, u32>(0)).unwrap(), 7);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let open = |name: &str| SqliteStore::open(&folder.path().join(name)).map(drop).unwrap_err();
    assert!(matches!(open("missing/identity.db"), OpenError::FolderMissing { .. }));
    std::fs::write(folder.path().join("text.db"), "this is no database, however long it may be").unwrap();
    assert!(matches!(open("text.db"), OpenError::NotADatabase { .. }));
    let path = folder.path().join("newer.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("UPDATE DROPINS_SCHEMA SET VERSION = 99 WHERE COMPONENT = 'clients'", []).unwrap();
    assert!(matches!(open("newer.db"), OpenError::Newer { found: 99, .. }));
}
