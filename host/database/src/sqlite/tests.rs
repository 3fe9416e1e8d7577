//! What only a file can do.

use std::os::unix::fs::PermissionsExt as _;

use crate::database::Database;
use crate::open_error::OpenError;
use crate::schema::Schema;

static SCHEMA: Schema = Schema {
    component: "playground",
    migrations: &["CREATE TABLE PLAYGROUND (ID {integer} NOT NULL PRIMARY KEY) {options}"],
    expiring: &[],
};

fn file() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity.db");
    (folder, path)
}

#[test]
fn a_new_file_is_private() {
    let (_folder, path) = file();
    drop(Database::sqlite(&path, &SCHEMA).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_cannot_be_opened_says_why() {
    let (folder, _) = file();
    let open = |name: &str| Database::sqlite(&folder.path().join(name), &SCHEMA).map(drop).unwrap_err();
    assert!(matches!(open("missing/identity.db"), OpenError::FolderMissing { .. }));
    std::fs::write(folder.path().join("text.db"), "this is no database, however long it may be").unwrap();
    assert!(matches!(open("text.db"), OpenError::NotADatabase { .. }));
}

#[tokio::test]
async fn a_file_that_was_replaced_is_opened_anew() {
    let (folder, path) = file();
    let database = Database::sqlite(&path, &SCHEMA).unwrap();
    let add = "INSERT INTO PLAYGROUND (ID) VALUES (7)";
    let count = || async {
        let rows = database.query("SELECT count(*) FROM PLAYGROUND", vec![]).await.unwrap();
        rows[0].unsigned(0).unwrap()
    };
    database.execute(add, vec![]).await.unwrap();
    assert_eq!(count().await, 1);
    let other = folder.path().join("other.db");
    drop(Database::sqlite(&other, &SCHEMA).unwrap());
    for side in ["-wal", "-shm"] {
        std::fs::remove_file(folder.path().join(format!("identity.db{side}"))).ok();
    }
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(count().await, 0);
    database.execute(add, vec![]).await.unwrap();
    assert_eq!(count().await, 1);
}
