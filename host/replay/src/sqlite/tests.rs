//! The file itself: rows, rights and durability, and what happens when it is full, locked, damaged or gone.

use std::{fs, os::unix::fs::PermissionsExt, sync::Barrier};

use rusqlite::{ErrorCode, types::Value};

use super::*;
use crate::entry::Key;

const SHORT: Duration = Duration::from_millis(40);

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("identity.db")
    }

    fn open(&self) -> SqliteBackend {
        SqliteBackend::open(&self.path(), SHORT).unwrap()
    }

    fn refusal(&self) -> OpenError {
        SqliteBackend::open(&self.path(), SHORT).err().unwrap()
    }
}

fn entry(jti: impl ToString, now: u64, expires_at: u64) -> Entry {
    Entry { key: Key { client_id: "c".into(), jti: jti.to_string() }, created_at: 7, expires_at, now }
}

async fn decide_one(backend: &mut SqliteBackend, entry: Entry) -> Outcome {
    backend.decide(&[&entry]).await.unwrap()[0]
}

#[tokio::test]
async fn a_row_is_free_exactly_from_the_second_of_its_expiry() {
    let home = Home::new();
    let mut backend = home.open();
    assert_eq!(decide_one(&mut backend, entry("a", 1, 10)).await, Outcome::First);
    assert_eq!(decide_one(&mut backend, entry("a", 9, 20)).await, Outcome::Seen { until: 10 });
    assert_eq!(decide_one(&mut backend, entry("a", 10, 20)).await, Outcome::First);
    assert_eq!(decide_one(&mut backend, entry("a", 10, 99)).await, Outcome::Seen { until: 20 });
}

#[tokio::test]
async fn text_is_compared_byte_by_byte() {
    let home = Home::new();
    let mut backend = home.open();
    for jti in ["a", "A", "a ", "ä", "a\u{308}", "a\0", "a\0b"] {
        assert_eq!(decide_one(&mut backend, entry(jti, 1, 10)).await, Outcome::First, "{jti:?}");
    }
}

#[tokio::test]
async fn the_row_holds_the_values_as_they_are() {
    let home = Home::new();
    let mut backend = home.open();
    decide_one(&mut backend, entry("jti-1", 5, u64::MAX)).await;
    let sql = "SELECT CLIENT_ID || '/' || JWT_ID || '/' || TENANT_ID || '/' || EXP_TIME || '/' || TIME_CREATED FROM IDN_OIDC_JTI";
    let row: String = backend.connection.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(row, format!("c/jti-1/-1234/{}/7", i64::MAX));
}

#[tokio::test]
async fn a_commit_is_durable_and_its_settings_are_as_promised() {
    let home = Home::new();
    let backend = home.open();
    for (pragma, expected) in [
        ("synchronous", Value::Integer(2)),
        ("journal_mode", Value::Text("wal".into())),
        ("mmap_size", Value::Integer(0)),
    ] {
        let value: Value = backend.connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap();
        assert_eq!(value, expected, "{pragma}");
    }
}

#[tokio::test]
async fn the_file_and_its_side_files_are_private() {
    let home = Home::new();
    let mut backend = home.open();
    decide_one(&mut backend, entry("a", 1, 10)).await;
    let files: Vec<_> = fs::read_dir(home.0.path()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
}

#[tokio::test]
async fn a_purge_deletes_the_oldest_expired_rows_up_to_its_limit() {
    let home = Home::new();
    let mut backend = home.open();
    for n in 0..10 {
        decide_one(&mut backend, entry(n, 1, 10 + n)).await;
    }
    assert_eq!(backend.purge(14, 3).await, Ok(3));
    assert_eq!(backend.reader().size().await.unwrap().rows, 7);
    assert_eq!(backend.reader().expires_at(&entry(3, 0, 0).key).await, Ok(Some(13)));
    assert_eq!(backend.purge(14, 3).await, Ok(2));
    assert_eq!(backend.purge(14, 3).await, Ok(0));
    assert_eq!(backend.reader().expires_at(&entry(5, 0, 0).key).await, Ok(Some(15)));
    assert_eq!(backend.reader().expires_at(&entry(4, 0, 0).key).await, Ok(None));
}

#[tokio::test]
async fn the_purge_uses_the_index_and_the_decision_the_primary_key() {
    let home = Home::new();
    let backend = home.open();
    for (sql, wanted) in [(PURGE, "COVERING INDEX IDX_IDN_OIDC_JTI_EXP_TIME"), (EXPIRES_AT, "PRIMARY KEY")] {
        let mut plan = backend.connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = plan.parameter_count();
        let steps = plan.query_map(rusqlite::params_from_iter(vec![1; count]), |row| row.get::<_, String>(3)).unwrap();
        let steps: Vec<String> = steps.map(Result::unwrap).collect();
        assert!(steps.iter().any(|step| step.contains(wanted)), "{steps:?}");
        assert!(!steps.iter().any(|step| step.starts_with("SCAN IDN_OIDC_JTI")), "{steps:?}");
    }
}

#[tokio::test]
async fn a_full_disk_refuses_the_whole_batch_and_a_new_connection_recovers() {
    let home = Home::new();
    let mut backend = home.open();
    backend.connection.pragma_update_and_check(None, "max_page_count", 1, |_| Ok(())).unwrap();
    let entries: Vec<Entry> = (0..300).map(|n| entry(format!("{n:0>200}"), 1, 10)).collect();
    let batch: Vec<&Entry> = entries.iter().collect();
    let error = backend.decide(&batch).await.unwrap_err();
    assert!(error.detail.contains("full"), "{error}");
    assert_eq!(backend.reader().size().await.unwrap().rows, 0);
    backend.reconnect().await.unwrap();
    backend.probe().await.unwrap();
    assert_eq!(backend.decide(&batch).await.unwrap(), vec![Outcome::First; 300]);
    assert_eq!(backend.reader().size().await.unwrap().rows, 300);
}

#[tokio::test]
async fn a_locked_file_refuses_within_half_the_timeout() {
    let home = Home::new();
    let mut backend = home.open();
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = backend.decide(&[&entry("a", 1, 10)]).await.unwrap_err();
    assert!(error.detail.contains("locked"), "{error}");
    other.execute_batch("COMMIT").unwrap();
    assert_eq!(decide_one(&mut backend, entry("a", 1, 10)).await, Outcome::First);
}

#[tokio::test]
async fn a_file_that_was_replaced_or_deleted_is_noticed_and_never_made_anew() {
    let home = Home::new();
    let mut backend = home.open();
    decide_one(&mut backend, entry("a", 1, 10)).await;
    let aside = home.0.path().join("aside.db");
    fs::rename(home.path(), &aside).unwrap();
    assert!(backend.decide(&[&entry("b", 1, 10)]).await.unwrap_err().detail.contains("gone"));
    assert!(backend.reconnect().await.is_err());
    assert!(!home.path().exists());

    fs::write(home.path(), b"").unwrap();
    assert!(backend.decide(&[&entry("b", 1, 10)]).await.unwrap_err().detail.contains("replaced"));
    fs::remove_file(home.path()).unwrap();

    fs::rename(&aside, home.path()).unwrap();
    backend.reconnect().await.unwrap();
    assert_eq!(decide_one(&mut backend, entry("a", 1, 10)).await, Outcome::Seen { until: 10 });
}

#[tokio::test]
async fn a_probe_leaves_nothing_behind() {
    let home = Home::new();
    let mut backend = home.open();
    backend.probe().await.unwrap();
    backend.probe().await.unwrap();
    assert_eq!(backend.reader().size().await.unwrap().rows, 0);
}

#[tokio::test]
async fn closing_folds_the_log_into_the_file() {
    let home = Home::new();
    let mut backend = home.open();
    decide_one(&mut backend, entry("a", 1, 10)).await;
    backend.close().await.unwrap();
    let files = fs::read_dir(home.0.path()).unwrap().count();
    assert_eq!(files, 1, "only the database itself is left");
    assert_eq!(decide_one(&mut home.open(), entry("a", 1, 10)).await, Outcome::Seen { until: 10 });
}

#[test]
fn stores_that_open_at_the_same_moment_migrate_once() {
    for _ in 0..5 {
        let home = Home::new();
        let start = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    SqliteBackend::open(&home.path(), Duration::from_secs(60)).unwrap();
                });
            }
        });
        let version = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = 'replay'";
        let last = SqliteBackend::open(&home.path(), Duration::from_secs(60)).unwrap();
        let version: u32 = last.connection.query_row(version, [], |row| row.get(0)).unwrap();
        assert_eq!(version as usize, crate::table::VERSION as usize);
    }
}

#[test]
fn a_missing_folder_is_named_and_not_made() {
    let home = Home::new();
    let path = home.0.path().join("none").join("identity.db");
    let error = SqliteBackend::open(&path, SHORT).err().unwrap();
    assert!(matches!(error, OpenError::FolderMissing { .. }), "{error:?}");
    assert!(error.to_string().contains("none/identity.db does not exist; make it"), "{error}");
    assert!(!path.parent().unwrap().exists());
}

#[test]
fn a_file_of_another_kind_is_rejected_and_left_alone() {
    let home = Home::new();
    let text = "certainly not a database. ".repeat(100);
    fs::write(home.path(), &text).unwrap();
    assert!(matches!(home.refusal(), OpenError::NotADatabase { .. }));
    assert_eq!(fs::read_to_string(home.path()).unwrap(), text);
}

#[test]
fn a_folder_in_place_of_the_file_is_rejected() {
    let home = Home::new();
    fs::create_dir(home.path()).unwrap();
    assert!(matches!(home.refusal(), OpenError::Unusable { .. }));
}

#[test]
fn a_locked_file_is_rejected_with_the_time_that_was_waited() {
    let home = Home::new();
    let other = Connection::open(home.path()).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let error = home.refusal();
    assert!(matches!(error, OpenError::Locked { waited, .. } if waited == SHORT / 2), "{error:?}");
    other.execute_batch("COMMIT").unwrap();
    home.open();
}

#[test]
fn tables_of_a_newer_program_are_rejected() {
    let home = Home::new();
    home.open().connection.execute("UPDATE DROPINS_SCHEMA SET VERSION = 99", []).unwrap();
    assert!(matches!(home.refusal(), OpenError::Newer { found: 99, .. }));
}

#[test]
fn a_file_without_write_permission_is_rejected() {
    let home = Home::new();
    drop(home.open());
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o400)).unwrap();
    let bound_by_permissions = fs::OpenOptions::new().append(true).open(home.path()).is_err();
    match SqliteBackend::open(&home.path(), SHORT) {
        Ok(_) => assert!(!bound_by_permissions, "only root may write a file without write permission"),
        Err(error) => assert!(matches!(error, OpenError::NotWritable { .. }), "{error:?}"),
    }
}

#[test]
fn every_error_of_sqlite_has_its_meaning() {
    use rusqlite::ffi;
    let home = Home::new();
    fs::write(home.path(), b"").unwrap();
    let meaning = |code| {
        let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        assert_ne!(error.sqlite_error_code(), Some(ErrorCode::Unknown));
        connection::from_sqlite(&home.path(), SHORT, error)
    };
    assert!(matches!(meaning(ffi::SQLITE_READONLY), OpenError::NotWritable { .. }));
    assert!(matches!(meaning(ffi::SQLITE_READONLY_DIRECTORY), OpenError::NotWritable { .. }));
    assert!(matches!(meaning(ffi::SQLITE_CANTOPEN), OpenError::NotWritable { .. }));
    assert!(matches!(meaning(ffi::SQLITE_PERM), OpenError::NotWritable { .. }));
    assert!(matches!(meaning(ffi::SQLITE_NOTADB), OpenError::NotADatabase { .. }));
    assert!(matches!(meaning(ffi::SQLITE_CORRUPT), OpenError::NotADatabase { .. }));
    assert!(matches!(meaning(ffi::SQLITE_FULL), OpenError::DiskFull { .. }));
    assert!(matches!(meaning(ffi::SQLITE_BUSY), OpenError::Locked { .. }));
    assert!(matches!(meaning(ffi::SQLITE_IOERR), OpenError::Unusable { .. }));
}
