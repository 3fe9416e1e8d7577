//! A database server that is slow, gone, cut off or crashed: unavailable within the time-out, never two first uses, and
//! recovery without a restart.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "_server")]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    GENEROUS, NOW,
    databases::Database,
    recovery::{answered, eventually, healthy_again, more, never_two_firsts},
    servers::{Proxy, Traffic},
    used,
};
use dropins_replay::{JtiStore, OpenError, ReplaySettings};
use dropins_services::{FixedClock, Memory, ReplayStore};

/// The tests of a binary share servers; a test that crashes one needs it alone.
static ALONE: tokio::sync::RwLock<()> = tokio::sync::RwLock::const_new(());

macro_rules! on {
    ($database:ident: $($lock:ident { $($case:ident)* })*) => {
        mod $database {
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let _turn = crate::ALONE.$lock().await;
                if let Some(database) = crate::common::databases::$database() {
                    crate::$case(&database).await;
                }
            })*)*
        }
    };
}

macro_rules! on_every_server {
    ($($cases:tt)*) => {
        #[cfg(feature = "postgres")]
        on!(postgres: $($cases)*);
        #[cfg(feature = "mysql")]
        on!(mysql: $($cases)*);
        #[cfg(feature = "redis")]
        on!(redis: $($cases)*);
    };
}

on_every_server! {
    read {
        a_slow_server_is_unavailable_within_the_timeout_and_recovers
        a_server_that_cannot_be_reached_is_unavailable_and_recovers
        a_use_whose_answer_was_lost_is_never_the_first_twice
        a_connection_that_is_lost_again_and_again_under_load_never_gives_two_firsts
        a_server_that_is_not_there_cannot_be_opened
        a_wrong_password_cannot_be_opened_and_is_not_repeated
    }
    write {
        a_server_that_crashes_under_load_never_gives_two_firsts
    }
}

const SHORT: Duration = Duration::from_millis(500);

struct Wire {
    store: Arc<JtiStore>,
    proxy: Proxy,
}

fn over_a_wire(database: &Database, timeout: Duration) -> Wire {
    let (server, _) = database.server.as_ref().unwrap();
    let proxy = Proxy::to(server.port());
    let settings = database.through(&proxy, timeout);
    Wire { store: database.open_with(&settings), proxy }
}

async fn is_unavailable_and_recovers(database: &Database, trouble: Traffic) {
    let Wire { store, proxy } = over_a_wire(database, SHORT);
    eventually(&store, used("c", "before")).await;
    proxy.set(trouble);
    let begun = Instant::now();
    let uses: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.remember(used("c", n)).await })
        })
        .collect();
    for used in uses {
        assert!(used.await.unwrap().is_err());
    }
    assert!(begun.elapsed() < GENEROUS, "{:?}", begun.elapsed());
    assert!(store.healthy().await.is_err());
    assert!(store.peek(used("c", "before")).await.is_err());
    proxy.set(Traffic::Flows);
    assert_eq!(eventually(&store, used("c", "before")).await, Memory::Seen);
    assert_eq!(eventually(&store, used("d", "after")).await, Memory::First);
    healthy_again(&store).await;
    assert_eq!(answered(async || store.peek(used("d", "after")).await).await, Memory::Seen);
}

async fn a_slow_server_is_unavailable_within_the_timeout_and_recovers(database: &Database) {
    is_unavailable_and_recovers(database, Traffic::Clogged).await;
}

async fn a_server_that_cannot_be_reached_is_unavailable_and_recovers(database: &Database) {
    is_unavailable_and_recovers(database, Traffic::Cut).await;
}

async fn a_use_whose_answer_was_lost_is_never_the_first_twice(database: &Database) {
    // Long enough for the question to arrive, however busy the machine is; the loss ends the wait.
    let Wire { store, proxy } = over_a_wire(database, GENEROUS);
    eventually(&store, used("c", "before")).await;
    proxy.set(Traffic::LosesAnswers);
    assert!(store.remember(used("c", "lost")).await.is_err());
    proxy.set(Traffic::Flows);
    // The question had arrived, so the pair is consumed, though no caller was told that it was the first.
    assert_eq!(eventually(&store, used("c", "lost")).await, Memory::Seen);
    assert_eq!(database.open().remember(used("c", "lost")).await, Ok(Memory::Seen));
}

async fn a_connection_that_is_lost_again_and_again_under_load_never_gives_two_firsts(database: &Database) {
    let Wire { store, proxy } = over_a_wire(database, SHORT);
    let stores = [store, database.open(), database.open()];
    never_two_firsts(stores, move |decided| {
        for trouble in [Traffic::Cut, Traffic::LosesAnswers].into_iter().cycle().take(20) {
            more(decided, 60);
            proxy.set(trouble);
            more(decided, 20);
            proxy.set(Traffic::Flows);
        }
        more(decided, 500);
        // The wire must last as long as its store.
        std::mem::forget(proxy);
    })
    .await;
}

async fn a_server_that_crashes_under_load_never_gives_two_firsts(database: &Database) {
    let server = database.server.as_ref().unwrap().0;
    let settings = ReplaySettings { timeout: 2 * SHORT, ..database.settings.clone() };
    let stores = [(); 3].map(|()| database.open_with(&settings));
    never_two_firsts(stores, move |decided| {
        for _ in 0..2 {
            more(decided, 200);
            server.crash();
            server.restart();
        }
        more(decided, 200);
    })
    .await;
}

fn refusal(settings: &ReplaySettings) -> OpenError {
    JtiStore::open(settings, Arc::new(FixedClock::at(NOW * 1000))).err().unwrap()
}

async fn a_server_that_is_not_there_cannot_be_opened(database: &Database) {
    let proxy = Proxy::to(1);
    let settings = database.through(&proxy, SHORT);
    let error = refusal(&settings);
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&format!("127.0.0.1:{}", proxy.port())), "{error}");
    assert!(matches!(dropins_replay::plan(&settings), Err(OpenError::Unreachable { .. })));
}

async fn a_wrong_password_cannot_be_opened_and_is_not_repeated(database: &Database) {
    let (server, name) = database.server.as_ref().unwrap();
    let url = server.url(name).replace(common::servers::PASSWORD, "hunter2");
    let error = refusal(&ReplaySettings { location: database.at(&url), ..database.settings.clone() });
    assert!(matches!(error, OpenError::Refused { .. }), "{error}");
    assert!(!format!("{error} {error:?} {:?}", database.at(&url)).contains("hunter2"));
}
