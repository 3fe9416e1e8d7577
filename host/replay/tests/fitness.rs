//! What each server must be and do so that the promise holds there: durable commits, the primary, one purge at a time,
//! no eviction.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Instant;

use common::{GENEROUS, NOW, databases::Database, used};
use dropins_replay::{JtiStore, OpenError, ReplaySettings, risk};
use dropins_services::{FixedClock, Memory, ReplayStore, Unavailable, Use};

fn execute(database: &Database, statements: &str) -> String {
    let (server, name) = database.server.as_ref().unwrap();
    server.execute(name, statements).unwrap()
}

fn open(settings: &ReplaySettings) -> Result<JtiStore, OpenError> {
    JtiStore::open(settings, Arc::new(FixedClock::at(NOW * 1000)))
}

/// Fills the store with pairs that expired long ago by the clock of the purge.
async fn purgeable(database: &Database, pairs: usize) -> JtiStore {
    let clock = Arc::new(FixedClock::at((NOW + 3600) * 1000));
    let store = JtiStore::open(&database.settings, clock).unwrap();
    for n in 0..pairs {
        store.remember(used("c", n)).await.unwrap();
    }
    store
}

/// Uses the store over TLS, and rejects a server that cannot prove its identity.
async fn tls_verifies_the_server(mut database: Database) {
    let (server, name) = database.server.as_ref().unwrap();
    let url = server.tls_url(name);
    database.settings.location = database.at(&url);
    let store = database.open();
    assert_eq!(store.remember(used("c", "j")).await, Ok(Memory::First));
    assert_eq!(store.peek(used("c", "j")).await, Ok(Memory::Seen));
    for untrusted in server.untrusted_urls(name) {
        let settings = ReplaySettings { location: database.at(&untrusted), ..database.settings.clone() };
        let error = open(&settings).err().unwrap();
        assert!(matches!(error, OpenError::Untrusted { .. }), "{error}");
        let error = error.to_string();
        assert!(error.contains("invalid peer certificate") && error.contains("sslrootcert"), "{error}");
    }
}

/// The server is no risk, and after this statement it is one; the other one undoes it.
fn tells_whether_it_is_a_risk(database: &Database, risky: &str, safe: &str, named: &str) {
    assert_eq!(risk(&database.settings).unwrap(), None);
    execute(database, risky);
    let found = risk(&database.settings).unwrap();
    execute(database, safe);
    assert!(found.is_some_and(|risk| risk.contains(named)), "{found:?}");
    assert_eq!(risk(&database.settings).unwrap(), None);
}

mod postgres {
    use super::*;
    use crate::common::databases::postgres;

    #[tokio::test]
    async fn a_server_that_does_not_wait_for_its_disk_is_a_risk() {
        let Some(database) = postgres() else { return };
        assert_eq!(risk(&database.settings).unwrap(), None);
        let becomes = |expected: bool| {
            execute(&database, "SELECT pg_reload_conf()");
            let deadline = Instant::now() + GENEROUS;
            while risk(&database.settings).unwrap().is_some() != expected && Instant::now() < deadline {}
            risk(&database.settings).unwrap().is_some() == expected
        };
        execute(&database, "ALTER SYSTEM SET fsync = off");
        let found = becomes(true);
        execute(&database, "ALTER SYSTEM RESET fsync");
        assert!(found && becomes(false));
    }

    #[tokio::test]
    async fn a_commit_is_durable_whatever_the_default_is() {
        let Some(database) = postgres() else { return };
        let name = &database.server.as_ref().unwrap().1;
        execute(&database, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
        // The session itself notes what it has.
        let store = database.open();
        let note = "CREATE TABLE noted (value text); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                    'BEGIN INSERT INTO noted VALUES (current_setting(''synchronous_commit'')); RETURN NEW; END';
                    CREATE TRIGGER note BEFORE INSERT ON idn_oidc_jti FOR EACH ROW EXECUTE FUNCTION note()";
        execute(&database, note);
        store.remember(used("c", "j")).await.unwrap();
        assert_eq!(execute(&database, "SELECT value FROM noted"), "on");
    }

    #[tokio::test]
    async fn a_server_that_becomes_read_only_is_unavailable_until_there_is_a_primary_again() {
        let Some(database) = postgres() else { return };
        let (server, name) = database.server.as_ref().unwrap();
        let store = database
            .open_with(&ReplaySettings { timeout: std::time::Duration::from_secs(2), ..database.settings.clone() });
        store.remember(used("c", 0)).await.unwrap();
        let switch = |read_only: &str| {
            server
                .execute("postgres", &format!("ALTER DATABASE {name} SET default_transaction_read_only = {read_only}"))
                .unwrap();
            let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ";
            server.execute("postgres", &format!("{end}'{name}'")).unwrap();
        };
        switch("on");
        for n in 1..4 {
            assert!(store.remember(used("c", n)).await.is_err());
        }
        assert!(store.healthy().await.is_err());
        switch("off");
        let mut verdict = Err(Unavailable::new("test", "not asked yet"));
        for n in 4..100 {
            verdict = store.remember(used("c", n)).await;
            if verdict.is_ok() {
                break;
            }
        }
        assert_eq!(verdict, Ok(Memory::First));
        assert_eq!(store.remember(used("c", 0)).await, Ok(Memory::Seen));
    }

    #[tokio::test]
    async fn one_node_purges_at_a_time() {
        let Some(database) = postgres() else { return };
        let store = purgeable(&database, 5).await;
        let (server, name) = database.server.as_ref().unwrap();
        let (other, connection) = tokio_postgres::connect(&server.url(name), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other.batch_execute("SELECT pg_advisory_lock(hashtext('dropins'), hashtext('purge'))").await.unwrap();
        assert_eq!(store.purger().purge_all().await, Ok(0));
        other.batch_execute("SELECT pg_advisory_unlock_all()").await.unwrap();
        assert_eq!(store.purger().purge_all().await, Ok(5));
    }

    #[tokio::test]
    async fn rows_that_another_transaction_holds_do_not_block_the_purge_nor_a_decision_forever() {
        let Some(database) = postgres() else { return };
        let store = purgeable(&database, 5).await;
        let (server, name) = database.server.as_ref().unwrap();
        let (other, connection) = tokio_postgres::connect(&server.url(name), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        other.batch_execute("BEGIN; SELECT FROM idn_oidc_jti WHERE jwt_id = '3' FOR UPDATE").await.unwrap();
        assert_eq!(store.purger().purge_all().await, Ok(4));
        let settings = ReplaySettings { timeout: std::time::Duration::from_secs(1), ..database.settings.clone() };
        let bounded = database.open_with(&settings);
        let error = bounded.remember(used("c", "3")).await.unwrap_err();
        assert!(error.detail.contains("timeout") || error.detail.contains("no answer"), "{error}");
        other.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(bounded.remember(used("c", "3")).await, Ok(Memory::Seen));
    }

    #[tokio::test]
    async fn a_database_that_cannot_hold_every_character_is_rejected() {
        let Some(mut database) = postgres() else { return };
        let server = database.server.as_ref().unwrap().0;
        let make = "CREATE DATABASE narrow ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0";
        server.execute("postgres", make).unwrap();
        database.settings.location = database.at(&server.url("narrow"));
        let error = open(&database.settings).err().unwrap();
        assert!(matches!(&error, OpenError::Unfit { detail, .. } if detail.contains("SQL_ASCII")), "{error}");
    }

    #[tokio::test]
    async fn tls_verifies_the_server() {
        let Some(database) = postgres() else { return };
        super::tls_verifies_the_server(database).await;
    }
}

mod mysql {
    use mysql_async::prelude::Queryable;

    use super::*;
    use crate::common::databases::mysql;

    #[tokio::test]
    async fn a_server_that_does_not_wait_for_its_disk_is_a_risk_and_so_is_a_user_whom_read_only_does_not_stop() {
        let Some(database) = mysql() else { return };
        let set = |value| format!("SET GLOBAL innodb_flush_log_at_trx_commit = {value}");
        tells_whether_it_is_a_risk(&database, &set(2), &set(1), "innodb_flush_log_at_trx_commit");
        let user = format!("'{}'@'127.0.0.1'", common::servers::USER);
        let grant = format!("GRANT READ_ONLY ADMIN ON *.* TO {user}");
        let revoke = format!("REVOKE READ_ONLY ADMIN ON *.* FROM {user}");
        tells_whether_it_is_a_risk(&database, &grant, &revoke, "read-only");
    }

    #[tokio::test]
    async fn tls_verifies_the_server() {
        let Some(database) = mysql() else { return };
        super::tls_verifies_the_server(database).await;
    }

    #[tokio::test]
    async fn one_node_purges_at_a_time() {
        let Some(database) = mysql() else { return };
        let store = purgeable(&database, 5).await;
        let (server, name) = database.server.as_ref().unwrap();
        let mut other = mysql_async::Conn::from_url(server.url(name)).await.unwrap();
        other.query_drop("DO GET_LOCK(CONCAT('dropins-purge-', MD5(DATABASE())), 0)").await.unwrap();
        assert_eq!(store.purger().purge_all().await, Ok(0));
        other.query_drop("DO RELEASE_ALL_LOCKS()").await.unwrap();
        assert_eq!(store.purger().purge_all().await, Ok(5));
    }

    #[tokio::test]
    async fn a_row_that_another_transaction_holds_is_waited_for_a_second() {
        let Some(database) = mysql() else { return };
        let store = database.open();
        store.remember(used("c", "j")).await.unwrap();
        let (server, name) = database.server.as_ref().unwrap();
        let mut other = mysql_async::Conn::from_url(server.url(name)).await.unwrap();
        other.query_drop("START TRANSACTION").await.unwrap();
        other.query_drop("SELECT * FROM IDN_OIDC_JTI WHERE JWT_ID = 'j' FOR UPDATE").await.unwrap();
        let error = store.remember(used("c", "j")).await.unwrap_err();
        assert!(error.detail.contains("1205"), "{error}");
        other.query_drop("ROLLBACK").await.unwrap();
        assert_eq!(store.remember(used("c", "j")).await, Ok(Memory::Seen));
    }

    #[tokio::test]
    async fn the_row_holds_the_values_as_they_are() {
        let Some(database) = mysql() else { return };
        database.open().remember(used("app", "jti-1")).await.unwrap();
        let row = "SELECT CONCAT_WS('/', CLIENT_ID, JWT_ID, TENANT_ID, EXP_TIME, TIME_CREATED) FROM IDN_OIDC_JTI";
        assert_eq!(execute(&database, row), format!("app/jti-1/-1234/{}/{}", NOW + 60, NOW - 1));
    }
}

mod redis {
    use super::*;
    use crate::common::databases::redis;

    /// The settings of a server are shared by its databases.
    static ALONE: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

    #[tokio::test]
    async fn a_server_without_a_log_is_a_risk() {
        let Some(database) = redis() else { return };
        let _others = ALONE.read().await;
        let set = |value| format!("CONFIG SET appendonly {value}");
        tells_whether_it_is_a_risk(&database, &set("no"), &set("yes"), "appendonly");
    }

    #[tokio::test]
    async fn tls_verifies_the_server() {
        let Some(database) = redis() else { return };
        let _others = ALONE.read().await;
        super::tls_verifies_the_server(database).await;
    }

    #[tokio::test]
    async fn a_key_outlives_its_pair_by_the_margin_whatever_the_real_time_is() {
        let Some(database) = redis() else { return };
        let _others = ALONE.read().await;
        let used = Use { now: 1000, expires_at: 61, ..used("app", "jti-1") };
        database.open().remember(used).await.unwrap();
        assert_eq!(execute(&database, "GET dropins:jti:3:appjti-1"), "61");
        let ttl: u64 = execute(&database, "TTL dropins:jti:3:appjti-1").parse().unwrap();
        assert!((60 + 300 - 30..=60 + 300).contains(&ttl), "{ttl}");
    }

    #[tokio::test]
    async fn a_server_that_evicts_is_rejected_and_one_that_is_full_is_unavailable() {
        let Some(database) = redis() else { return };
        let _alone = ALONE.write().await;
        let store = database.open();
        execute(&database, "CONFIG SET maxmemory-policy allkeys-lru");
        execute(&database, "CONFIG SET maxmemory 1000000000");
        let error = open(&database.settings).err().unwrap();
        assert!(matches!(&error, OpenError::Unfit { detail, .. } if detail.contains("allkeys-lru")), "{error}");
        execute(&database, "CONFIG SET maxmemory-policy noeviction");
        open(&database.settings).unwrap();
        execute(&database, "CONFIG SET maxmemory 1");
        assert!(store.remember(used("c", "j")).await.is_err());
        assert!(store.healthy().await.is_err());
        execute(&database, "CONFIG SET maxmemory 0");
        assert_eq!(store.remember(used("c", "j")).await, Ok(Memory::First));
        store.healthy().await.unwrap();
    }
}
