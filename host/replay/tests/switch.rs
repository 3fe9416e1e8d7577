//! The primary is switched while connections are open: a store on the former primary, now read-only but answering,
//! accepts nothing and is not believed; a store on the new one goes on, and no use is forgotten.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![cfg(feature = "_server")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{
    NOW,
    databases::Database,
    recovery::{answered, eventually, healthy_again, more, never_two_firsts},
    servers::{Pair, Proxy},
    used,
};
#[cfg(feature = "postgres")]
use dropins_replay::ReplaySettings;
use dropins_replay::{JtiStore, OpenError};
use dropins_services::{FixedClock, Memory, ReplayStore};

macro_rules! on {
    ($engine:ident: $pair:ident) => {
        mod $engine {
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn a_former_primary_accepts_nothing_and_is_not_believed_and_the_new_one_forgot_nothing() {
                if let Some((database, pair)) = crate::common::databases::$pair() {
                    crate::nothing_is_accepted_until_the_address_leads_to_the_new_primary(&database, pair).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn a_switch_under_load_never_gives_two_firsts() {
                if let Some((database, pair)) = crate::common::databases::$pair() {
                    crate::never_two_firsts_while_they_switch(&database, pair).await;
                }
            }
        }
    };
}

#[cfg(feature = "mysql")]
on!(mysql: mysql_pair);
#[cfg(feature = "postgres")]
on!(postgres: postgres_pair);
#[cfg(feature = "redis")]
on!(redis: redis_pair);

/// The default.
const TIMEOUT: Duration = Duration::from_secs(2);

async fn nothing_is_accepted_until_the_address_leads_to_the_new_primary(database: &Database, pair: &Pair) {
    let proxy = Proxy::to(pair.primary.port());
    let settings = database.through(&proxy, TIMEOUT);
    let [busy, idle] = [(); 2].map(|()| database.open_with(&settings));
    for store in [&busy, &idle] {
        eventually(store, used("before", "switch")).await;
        assert_eq!(answered(async || store.peek(used("before", "switch")).await).await, Memory::Seen);
    }

    pair.switch();
    for n in 0..5 {
        assert!(busy.remember(used("c", n)).await.is_err(), "{n}");
        assert!(busy.remember(used("before", "switch")).await.is_err(), "a replay is not known either");
    }
    assert!(busy.healthy().await.is_err());
    for store in [&busy, &idle] {
        assert!(store.peek(used("before", "switch")).await.is_err(), "what a replica holds may be old");
    }
    assert!(idle.healthy().await.is_err(), "readiness tells before anything was refused");
    let error = JtiStore::open(&settings, Arc::new(FixedClock::at(NOW * 1000))).err().unwrap();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
    assert!(error.to_string().contains(&proxy.port().to_string()), "{error}");

    proxy.lead_to(pair.replica.port());
    for (n, store) in [&busy, &idle].into_iter().enumerate() {
        healthy_again(store).await;
        assert_eq!(eventually(store, used("before", "switch")).await, Memory::Seen);
        assert_eq!(eventually(store, used("after", n)).await, Memory::First);
        assert_eq!(answered(async || store.peek(used("after", n)).await).await, Memory::Seen);
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_url_that_names_both_postgresql_servers_leads_to_the_primary_by_itself() {
    let Some((database, pair)) = common::databases::postgres_pair() else { return };
    let (server, name) = database.server.as_ref().unwrap();
    let [primary, replica] = [pair.primary.port(), pair.replica.port()].map(|port| format!("127.0.0.1:{port}"));
    // The replica first, which is rejected until it is the primary.
    let url = server.url(name).replace(&primary, &format!("{replica},{primary}"));
    let settings = ReplaySettings { location: database.at(&url), timeout: TIMEOUT, ..database.settings.clone() };
    let store = database.open_with(&settings);
    assert_eq!(eventually(&store, used("before", "switch")).await, Memory::First);
    pair.switch();
    assert_eq!(eventually(&store, used("before", "switch")).await, Memory::Seen);
    assert_eq!(eventually(&store, used("after", "switch")).await, Memory::First);
}

async fn never_two_firsts_while_they_switch(database: &Database, pair: &'static Pair) {
    let proxies = [(); 3].map(|()| Proxy::to(pair.primary.port()));
    let stores = proxies.each_ref().map(|proxy| database.open_with(&database.through(proxy, TIMEOUT)));
    never_two_firsts(stores, move |decided| {
        more(decided, 300);
        pair.switch();
        // One node after the other learns where the new primary is.
        for proxy in &proxies {
            proxy.lead_to(pair.replica.port());
            more(decided, 100);
        }
        std::mem::forget(proxies);
    })
    .await;
}
