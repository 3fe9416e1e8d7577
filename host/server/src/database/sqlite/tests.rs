//! What only a file can do.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::*;
use crate::database::Database;
use crate::identity::{Changes, IdentityStore};

fn file() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.db");
    (folder, path)
}

#[test]
fn a_new_file_is_private() {
    let (_folder, path) = file();
    drop(Database::sqlite(&path).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let (folder, _) = file();
    let open = |name: &str| Database::sqlite(&folder.path().join(name)).map(drop).unwrap_err();
    assert!(matches!(open("missing/identity.db"), OpenError::FolderMissing { .. }));
    std::fs::write(folder.path().join("text.db"), "this is no database, however long it may be").unwrap();
    assert!(matches!(open("text.db"), OpenError::NotADatabase { .. }));
}

#[tokio::test]
async fn a_file_that_was_replaced_is_opened_anew() {
    let (folder, path) = file();
    let database = Database::sqlite(&path).unwrap();
    let add = "INSERT INTO DROPINS_CLIENT_CHANGE (VERSION, CLIENT_ID) VALUES (7, 'c')";
    let count = || async {
        let rows = database.query("SELECT count(*) FROM DROPINS_CLIENT_CHANGE", vec![]).await.unwrap();
        rows[0].unsigned(0).unwrap()
    };
    database.execute(add, vec![]).await.unwrap();
    assert_eq!(count().await, 1);
    let other = folder.path().join("other.db");
    drop(Database::sqlite(&other).unwrap());
    for side in ["-wal", "-shm"] {
        std::fs::remove_file(folder.path().join(format!("identity.db{side}"))).ok();
    }
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(count().await, 0);
    database.execute(add, vec![]).await.unwrap();
    assert_eq!(count().await, 1);
}

/// The tables of clients as an earlier release made them.
fn earlier(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(include_str!("earlier.sql")).unwrap();
}

#[tokio::test]
async fn clients_of_an_earlier_release_are_kept_with_their_log_of_changes() {
    let (_folder, path) = file();
    earlier(&path);
    let plan = Sqlite::plan(&path).unwrap();
    assert!(plan[0].starts_with("take over the clients' tables of an earlier release in "), "{plan:?}");
    let store = IdentityStore::new(Database::sqlite(&path).unwrap());
    assert_eq!(Sqlite::plan(&path).unwrap(), [""; 0]);
    let mut client = store.find("old").await.unwrap().unwrap();
    assert_eq!(client.id_token_signed_response_alg, None);
    assert_eq!((client.scopes.as_slice(), client.revision), (["read".to_owned()].as_slice(), 2));
    assert_eq!(store.uses("old").await.unwrap()[0].last_used, Some(12));
    assert_eq!(store.version().await.unwrap(), 3);
    client.enabled = false;
    store.update(client).await.unwrap();
    assert_eq!(
        (store.version().await.unwrap(), store.changes(3).await.unwrap()),
        (4, Changes::Clients(vec!["old".to_owned()]))
    );
    assert!(store.remove("old", false, 0).await.unwrap());
    assert_eq!(store.version().await.unwrap(), 5);
}
