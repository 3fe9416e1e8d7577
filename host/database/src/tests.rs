//! What every engine must do, on every engine. The table is made for these tests alone.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dropins_services::FixedClock;
use tokio::sync::Barrier;

use crate::purge::purge_batch;
use crate::testing::servers::{Proxy, Traffic};
use crate::testing::{self, Fresh};
use crate::*;

const MIGRATIONS: [&str; 2] = [
    "CREATE TABLE PLAYGROUND (
         ID         {key}     NOT NULL,
         NAME       {key}     NOT NULL,
         SOURCE     {text}    NOT NULL,
         FIRST_SEEN {integer} NOT NULL,
         PRIMARY KEY (ID, NAME)
     ) {options}",
    "ALTER TABLE PLAYGROUND ADD COLUMN LAST_USED {integer};
     CREATE INDEX PLAYGROUND_FIRST_SEEN ON PLAYGROUND (FIRST_SEEN)",
];

const fn schema(migrations: &'static [&'static str], expiring: &'static [Expiring]) -> Schema {
    Schema { component: "playground", migrations, expiring }
}

const fn expiring(margin: Duration) -> Expiring {
    Expiring { table: "PLAYGROUND", time: "FIRST_SEEN", margin }
}

static SCHEMA: Schema = schema(&MIGRATIONS, &[expiring(Expiring::MARGIN)]);
static EARLIER: Schema = schema(&[MIGRATIONS[0]], &[]);
static WITHOUT_MARGIN: Schema = schema(&MIGRATIONS, &[expiring(Duration::ZERO)]);

async fn on_every_engine(case: impl AsyncFn(Fresh)) {
    testing::on_every_engine(&SCHEMA, case).await;
}

const ADD: &str = "
    INSERT INTO PLAYGROUND (ID, NAME, SOURCE, FIRST_SEEN, LAST_USED) VALUES (?, ?, ?, ?, ?)";
const OF: &str = "SELECT ID, NAME, SOURCE, FIRST_SEEN, LAST_USED FROM PLAYGROUND WHERE ID = ?";
const TAKE: &str = "UPDATE PLAYGROUND SET LAST_USED = ? WHERE ID = ? AND LAST_USED IS NULL";
const COUNT: &str = "SELECT count(*) FROM PLAYGROUND";

fn row(id: &str, time: u64) -> Vec<Value> {
    vec![id.into(), "k".into(), "s".into(), time.into(), Value::Null]
}

async fn count(database: &Database) -> u64 {
    database.query(COUNT, vec![]).await.unwrap()[0].unsigned(0).unwrap()
}

#[tokio::test]
async fn values_come_back_as_they_were_written() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        let texts = ["", " ", "a'?\"\\%", "ü€𝄞", "\0", "a\0b\u{F8FF}0", "\r\n\t"];
        for (number, text) in (0_i64..).zip(texts) {
            let values =
                vec![text.into(), text.into(), text.repeat(90).into(), i64::MIN.into(), (i64::MAX - number).into()];
            assert_eq!(database.execute(ADD, values).await.unwrap(), 1);
            let rows = database.query(OF, vec![text.into()]).await.unwrap();
            assert_eq!(rows.len(), 1, "{text:?}");
            assert_eq!(rows[0].text("NAME").unwrap(), text);
            assert_eq!(rows[0].text("source").unwrap(), text.repeat(90));
            assert_eq!(rows[0].integer(3).unwrap(), i64::MIN);
            assert_eq!(rows[0].optional_unsigned("LAST_USED").unwrap(), u64::try_from(i64::MAX - number).ok());
        }
        database.execute(ADD, row("null", 1)).await.unwrap();
        let rows = database.query(OF, vec!["null".into()]).await.unwrap();
        assert_eq!(rows[0].optional_integer("LAST_USED").unwrap(), None);
        for damaged in [rows[0].text("LAST_USED"), rows[0].text("FIRST_SEEN"), rows[0].text("NONE"), rows[0].text(9)] {
            assert!(matches!(damaged, Err(StoreError::Corrupt { .. })));
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_is_taken_once_and_compared_byte_by_byte() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        for id in ["a", "A", "a ", "ä", "a\u{308}"] {
            database.execute(ADD, row(id, 0)).await.unwrap();
            assert_eq!(database.execute(ADD, row(id, 0)).await, Err(StoreError::Duplicate), "{id}");
        }
        assert_eq!(count(&database).await, 5);
    })
    .await;
}

#[tokio::test]
async fn a_write_counts_the_rows_that_it_finds_changed_or_not() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        database.execute(ADD, row("a", 0)).await.unwrap();
        let same = "UPDATE PLAYGROUND SET SOURCE = 's' WHERE ID = ?";
        assert_eq!(database.execute(same, vec!["a".into()]).await.unwrap(), 1);
        assert_eq!(database.execute(same, vec!["b".into()]).await.unwrap(), 0);
        assert_eq!(database.execute("DELETE FROM PLAYGROUND", vec![]).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_is_seen_by_others_when_it_is_committed_and_leaves_nothing_when_it_is_not() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        for (commit, expected) in [(false, 0), (true, 2)] {
            let mut transaction = database.begin().await.unwrap();
            transaction.execute(ADD, row("a", 0)).await.unwrap();
            transaction.execute(ADD, row("b", 0)).await.unwrap();
            assert_eq!(transaction.query(COUNT, vec![]).await.unwrap()[0].unsigned(0).unwrap(), 2);
            assert_eq!(count(&database).await, 0);
            match commit {
                true => transaction.commit().await.unwrap(),
                false => drop(transaction),
            }
            assert_eq!(count(&database).await, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn after_a_statement_that_failed_nothing_of_its_transaction_can_be_committed() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        database.execute(ADD, row("a", 0)).await.unwrap();
        let mut transaction = database.begin().await.unwrap();
        transaction.execute(ADD, row("b", 0)).await.unwrap();
        assert_eq!(transaction.execute(ADD, row("a", 0)).await, Err(StoreError::Duplicate));
        assert!(transaction.execute(ADD, row("c", 0)).await.is_err());
        assert!(transaction.query(COUNT, vec![]).await.is_err());
        assert!(transaction.commit().await.is_err());
        assert_eq!(count(&database).await, 1);
        database.execute(ADD, row("b", 0)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_conditional_updates_on_two_nodes_exactly_one_finds_its_row() {
    on_every_engine(async |fresh| {
        let nodes = [fresh.open().await, fresh.open().await];
        for round in 0..5 {
            let id = format!("r{round}");
            nodes[0].execute(ADD, row(&id, 0)).await.unwrap();
            let takes = (0..40_u64).map(|take| {
                let (node, id) = (nodes[usize::try_from(take % 2).unwrap()].clone(), id.clone());
                tokio::spawn(async move { node.execute(TAKE, vec![take.into(), id.into()]).await.unwrap() })
            });
            let mut taken = 0;
            for take in takes.collect::<Vec<_>>() {
                taken += take.await.unwrap();
            }
            assert_eq!(taken, 1, "{}", fresh.engine);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_parallel_inserts_of_one_key_exactly_one_succeeds() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        let adds = (0..40).map(|_| {
            let database = database.clone();
            tokio::spawn(async move { database.execute(ADD, row("a", 0)).await })
        });
        let mut added = 0;
        for add in adds.collect::<Vec<_>>() {
            match add.await.unwrap() {
                Ok(rows) => added += rows,
                Err(error) => assert_eq!(error, StoreError::Duplicate),
            }
        }
        assert_eq!(added, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_transactions_in_each_others_way_one_is_repeated_and_both_are_done() {
    on_every_engine(async |fresh| {
        // SQLite has one writer, and PostgreSQL looks for deadlocks only when a statement has waited too long anyway.
        if fresh.engine != "mariadb" {
            return;
        }
        let database = fresh.open().await;
        let (met, begun) = (Arc::new(Barrier::new(2)), Arc::new(AtomicUsize::new(0)));
        let cross = |first: &'static str, second: &'static str| {
            let (database, met, begun) = (database.clone(), Arc::clone(&met), Arc::clone(&begun));
            let up = "UPDATE PLAYGROUND SET FIRST_SEEN = FIRST_SEEN + 1 WHERE ID = ?";
            tokio::spawn(async move {
                let crossed = retry_on_conflict(|| async {
                    let mut transaction = database.begin().await?;
                    transaction.execute(up, vec![first.into()]).await?;
                    if begun.fetch_add(1, Ordering::SeqCst) < 2 {
                        met.wait().await;
                    }
                    transaction.execute(up, vec![second.into()]).await?;
                    transaction.commit().await
                });
                crossed.await.unwrap();
            })
        };
        for id in ["a", "b"] {
            database.execute(ADD, row(id, 0)).await.unwrap();
        }
        for crossed in [cross("a", "b"), cross("b", "a")] {
            crossed.await.unwrap();
        }
        assert_eq!(begun.load(Ordering::SeqCst), 3);
        for id in ["a", "b"] {
            let rows = database.query(OF, vec![id.into()]).await.unwrap();
            assert_eq!(rows[0].integer("FIRST_SEEN"), Ok(2));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn work_that_is_dropped_at_any_moment_holds_no_lock_and_breaks_nothing() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        database.execute(ADD, row("a", 0)).await.unwrap();
        for microseconds in (0..4_000).step_by(100) {
            let work = async {
                let mut transaction = database.begin().await?;
                transaction.execute("UPDATE PLAYGROUND SET FIRST_SEEN = FIRST_SEEN + 1", vec![]).await?;
                transaction.execute(ADD, row("b", 0)).await?;
                transaction.query(COUNT, vec![]).await?;
                std::future::pending::<Result<(), StoreError>>().await
            };
            assert!(tokio::time::timeout(Duration::from_micros(microseconds), work).await.is_err());
        }
        database.execute("UPDATE PLAYGROUND SET SOURCE = 'free'", vec![]).await.unwrap();
        let rows = database.query(OF, vec!["a".into()]).await.unwrap();
        assert_eq!((rows[0].text("SOURCE").unwrap().as_str(), rows[0].integer("FIRST_SEEN").unwrap()), ("free", 0));
        assert_eq!(count(&database).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_writer_that_waits_too_long_for_another_one_is_told_so() {
    on_every_engine(async |fresh| {
        let nodes = [fresh.open().await, fresh.open().await];
        nodes[0].execute(ADD, row("a", 0)).await.unwrap();
        for node in &nodes {
            let mut holder = nodes[0].begin().await.unwrap();
            holder.execute(TAKE, vec![1_u64.into(), "a".into()]).await.unwrap();
            let begun = Instant::now();
            let mut late = pin!(node.execute(TAKE, vec![2_u64.into(), "a".into()]));
            let late = loop {
                // A transaction in which nothing happens is ended by PostgreSQL.
                tokio::select! {
                    late = &mut late => break late,
                    rows = holder.query(OF, vec!["a".into()]) => assert_eq!(rows.unwrap()[0].integer("LAST_USED"), Ok(1)),
                }
            };
            assert!(matches!(late, Err(StoreError::Unavailable { .. })), "{late:?}");
            assert!(begun.elapsed() < TIMEOUT * 10);
            // A reader does not wait.
            assert_eq!(node.query(OF, vec!["a".into()]).await.unwrap()[0].optional_integer("LAST_USED"), Ok(None));
        }
        assert_eq!(nodes[1].execute(TAKE, vec![3_u64.into(), "a".into()]).await, Ok(1));
    })
    .await;
}

#[tokio::test]
async fn the_plan_says_what_opening_does_and_opening_does_it_once() {
    on_every_engine(async |fresh| {
        let known = SCHEMA.migrations.len();
        let plan = Database::plan(&fresh.location, &SCHEMA).await.unwrap();
        assert!(plan.len() == 1 && plan[0].starts_with(&format!("make the playground tables, version {known}, in ")));
        if let Some(path) = fresh.path() {
            assert!(!path.exists());
        }
        let (one, two, three, four) = tokio::join!(
            fresh.open(),
            fresh.open(),
            Database::open(&fresh.location, &SCHEMA),
            Database::open(&fresh.location, &SCHEMA)
        );
        for database in [one, two, three.unwrap(), four.unwrap()] {
            let version = "SELECT VERSION FROM DROPINS_SCHEMA WHERE COMPONENT = ?";
            let rows = database.query(version, vec![SCHEMA.component.into()]).await.unwrap();
            assert_eq!(rows[0].unsigned("VERSION").unwrap(), u64::try_from(known).unwrap());
        }
        assert_eq!(Database::plan(&fresh.location, &SCHEMA).await.unwrap(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn tables_of_an_earlier_version_are_migrated_and_keep_their_rows() {
    on_every_engine(async |fresh| {
        let earlier = Database::open(&fresh.location, &EARLIER).await.unwrap();
        let add = "INSERT INTO PLAYGROUND (ID, NAME, SOURCE, FIRST_SEEN) VALUES ('a', 'k', 's', 7)";
        earlier.execute(add, vec![]).await.unwrap();
        let plan = Database::plan(&fresh.location, &SCHEMA).await.unwrap();
        assert!(plan.len() == 1 && plan[0].ends_with("from version 1 to 2"), "{plan:?}");
        let rows = fresh.open().await.query(OF, vec!["a".into()]).await.unwrap();
        assert_eq!((rows[0].integer("FIRST_SEEN"), rows[0].optional_integer("LAST_USED")), (Ok(7), Ok(None)));
        assert_eq!(Database::plan(&fresh.location, &SCHEMA).await.unwrap(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered_by_a_database_with_its_tables_and_by_no_other() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        assert_eq!(database.ping().await, Ok(()));
        let gone = "DELETE FROM DROPINS_SCHEMA WHERE COMPONENT = ?";
        database.execute(gone, vec![SCHEMA.component.into()]).await.unwrap();
        assert!(matches!(database.ping().await, Err(StoreError::Unavailable { .. })));
    })
    .await;
}

#[tokio::test]
async fn an_expired_row_is_kept_for_the_margin_of_its_table() {
    for (schema, deleted, kept) in [(&SCHEMA, 699, 700), (&WITHOUT_MARGIN, 999, 1_000)] {
        testing::on_every_engine(schema, async |fresh| {
            let database = fresh.open().await;
            for time in [deleted, kept] {
                database.execute(ADD, row(&format!("at {time}"), time)).await.unwrap();
            }
            let purger = Purger::new(database.clone(), Arc::new(FixedClock::at(1_000_000)));
            purger.purge().await.unwrap();
            assert_eq!(purger.purged(), 1);
            assert_eq!(database.query(OF, vec![format!("at {kept}").into()]).await.unwrap().len(), 1);
        })
        .await;
    }
}

#[tokio::test]
async fn tables_of_a_newer_program_are_rejected() {
    on_every_engine(async |fresh| {
        let newer = "UPDATE DROPINS_SCHEMA SET VERSION = 99 WHERE COMPONENT = ?";
        fresh.open().await.execute(newer, vec![SCHEMA.component.into()]).await.unwrap();
        assert!(matches!(Database::open(&fresh.location, &SCHEMA).await, Err(OpenError::Newer { found: 99, .. })));
        assert!(matches!(Database::plan(&fresh.location, &SCHEMA).await, Err(OpenError::Newer { found: 99, .. })));
    })
    .await;
}

#[tokio::test]
async fn the_version_of_the_replay_store_is_kept_beside_it() {
    on_every_engine(async |fresh| {
        let other = "INSERT INTO DROPINS_SCHEMA (COMPONENT, VERSION) VALUES ('replay', 7)";
        fresh.open().await.execute(other, vec![]).await.unwrap();
        let rows = fresh.open().await.query("SELECT VERSION FROM DROPINS_SCHEMA ORDER BY VERSION DESC", vec![]).await;
        assert_eq!(rows.unwrap()[0].integer(0), Ok(7));
    })
    .await;
}

#[tokio::test]
async fn expired_rows_are_deleted_in_batches_and_no_others() {
    on_every_engine(async |fresh| {
        let database = fresh.open().await;
        let mut transaction = database.begin().await.unwrap();
        for time in 0..1_200_u64 {
            transaction.execute(ADD, row(&format!("c{time}"), time)).await.unwrap();
        }
        transaction.commit().await.unwrap();
        let table = &SCHEMA.expiring[0];
        let mut batches = Vec::new();
        while let (rows, true) = purge_batch(&database, table, 1_100).await.unwrap() {
            batches.push(rows);
        }
        assert_eq!((batches, count(&database).await), (vec![501, 501], 100));
        assert_eq!(purge_batch(&database, table, 1_100).await.unwrap(), (0, false));
    })
    .await;
}

#[tokio::test]
async fn every_table_whose_rows_expire_is_purged() {
    on_every_engine(async |fresh| {
        let purger = Purger::new(fresh.open().await, Arc::new(FixedClock::at(1_800_000_000_000)));
        purger.purge().await.unwrap();
        assert_eq!(purger.purged(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_is_slow_or_gone_is_unavailable_in_time_and_used_again_when_it_is_back() {
    on_every_engine(async |fresh| {
        let Some((server, _)) = &fresh.server else { return };
        let proxy = Proxy::to(server.port());
        let database = Database::open(&fresh.by(proxy.port()), &SCHEMA).await.unwrap();
        database.execute(ADD, row("a", 0)).await.unwrap();
        for traffic in [Traffic::Clogged, Traffic::Cut] {
            proxy.set(traffic);
            let begun = Instant::now();
            let (read, written) =
                tokio::join!(database.query(COUNT, vec![]), database.execute(TAKE, vec![1_u64.into(), "a".into()]));
            assert!(matches!(read, Err(StoreError::Unavailable { .. })), "{read:?}");
            assert!(matches!(written, Err(StoreError::Unavailable { .. })), "{written:?}");
            assert!(database.begin().await.is_err());
            assert!(begun.elapsed() < TIMEOUT * 3);
            proxy.set(Traffic::Flows);
            let deadline = Instant::now() + Duration::from_secs(10);
            while database.query(COUNT, vec![]).await.is_err() {
                assert!(Instant::now() < deadline);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_cannot_be_opened() {
    for location in [Location::Postgres, Location::Mysql]
        .map(|at: fn(ServerUrl) -> Location| at(ServerUrl::parse("x://dropins:hunter2@127.0.0.1:1/identity").unwrap()))
    {
        let error = Database::open(&location, &SCHEMA).await.unwrap_err();
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_former_primary_counts_as_down_although_it_answers_open_sessions() {
    for (fresh, pair) in Fresh::pairs(&SCHEMA) {
        println!("on {}", fresh.engine);
        let proxy = Proxy::to(pair.primary.port());
        let location = fresh.by(proxy.port());
        let database = Database::open(&location, &SCHEMA).await.unwrap();
        database.execute(ADD, row("a", 0)).await.unwrap();
        let mut begun = database.begin().await.unwrap();
        begun.execute(ADD, row("lost", 0)).await.unwrap();

        pair.switch();
        assert!(begun.commit().await.is_err());
        for number in 0..5 {
            let written = database.execute(ADD, row(&format!("refused {number}"), 0)).await;
            assert!(matches!(written, Err(StoreError::Unavailable { .. })), "{written:?}");
        }
        for refused in
            [Database::open(&location, &SCHEMA).await.map(drop), Database::plan(&location, &SCHEMA).await.map(drop)]
        {
            assert!(matches!(refused, Err(OpenError::ReadOnly { .. })), "{refused:?}");
        }

        proxy.lead_to(pair.replica.port());
        let deadline = Instant::now() + TIMEOUT * 10;
        while database.execute(ADD, row("after", 0)).await.is_err() {
            assert!(Instant::now() < deadline);
        }
        assert_eq!(count(&database).await, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_never_pause_leave_a_former_primary_too() {
    for (fresh, pair) in Fresh::pairs(&SCHEMA) {
        println!("on {}", fresh.engine);
        let proxy = Proxy::to(pair.primary.port());
        let database = Database::open(&fresh.by(proxy.port()), &SCHEMA).await.unwrap();
        assert_eq!(count(&database).await, 0);
        pair.switch();
        let deadline = Instant::now() + TIMEOUT * 10;
        while let Ok(rows) = database.query(COUNT, vec![]).await {
            assert_eq!(rows[0].unsigned(0), Ok(0));
            assert!(Instant::now() < deadline, "a former primary is trusted forever");
        }
        proxy.lead_to(pair.replica.port());
        while database.query(COUNT, vec![]).await.is_err() {
            assert!(Instant::now() < deadline);
        }
    }
}

#[tokio::test]
async fn tls_is_used_where_the_address_says_so_and_verifies_the_server() {
    on_every_engine(async |fresh| {
        let Some((server, name)) = &fresh.server else { return };
        let cipher = match fresh.engine {
            "postgres" => "SELECT coalesce(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            _ => "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'",
        };
        let plain = server.url(name);
        for (url, encrypted) in [
            (server.tls_url(name), true),
            (plain.clone(), false),
            (format!("{plain}?sslmode=disable"), false),
            (format!("{plain}?sslmode=prefer"), false),
        ] {
            let database = Database::open(&fresh.at(&url), &SCHEMA).await.unwrap();
            let cipher = database.query(cipher, vec![]).await.unwrap()[0].text(0).unwrap();
            assert_eq!(!cipher.is_empty(), encrypted, "{url}");
        }
        for url in server.untrusted_urls(name) {
            let error = Database::open(&fresh.at(&url), &SCHEMA).await.unwrap_err();
            assert!(matches!(error, OpenError::Untrusted { .. }), "{error}");
            assert!(error.to_string().contains("sslrootcert"), "{error}");
        }
    })
    .await;
}
