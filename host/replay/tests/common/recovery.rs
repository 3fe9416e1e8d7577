//! What must hold while a database fails, and when it has recovered.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use dropins_replay::JtiStore;
use dropins_services::{Memory, ReplayStore, Unavailable, Use};

use super::{GENEROUS, used};

/// Repeats until the store answers.
pub(crate) async fn answered<T>(ask: impl AsyncFn() -> Result<T, Unavailable>) -> T {
    let deadline = Instant::now() + GENEROUS;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

pub(crate) async fn eventually(store: &JtiStore, used: Use) -> Memory {
    answered(async || store.remember(used.clone()).await).await
}

pub(crate) async fn healthy_again(store: &JtiStore) {
    answered(async || store.healthy().await).await;
}

/// Has three stores use the same pairs at the same time while `trouble` goes on, and checks that no pair had two first
/// uses, that what had one is still taken, and that everything works afterwards.
pub(crate) async fn never_two_firsts(stores: [Arc<JtiStore>; 3], trouble: impl FnOnce(&AtomicUsize) + Send + 'static) {
    let firsts: Arc<Mutex<HashMap<u64, u32>>> = Arc::default();
    let (decided, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let mut tasks = Vec::new();
    for lane in 0..16 {
        let (stores, firsts) = (stores.clone(), Arc::clone(&firsts));
        let (decided, over) = (Arc::clone(&decided), Arc::clone(&over));
        tasks.push(tokio::spawn(async move {
            for round in 0.. {
                let pair = round * 16 + lane;
                let [a, b, c] = &stores;
                let verdicts =
                    tokio::join!(a.remember(used("c", pair)), b.remember(used("c", pair)), c.remember(used("c", pair)));
                for verdict in [verdicts.0, verdicts.1, verdicts.2] {
                    decided.fetch_add(usize::from(verdict.is_ok()), Ordering::Relaxed);
                    if verdict == Ok(Memory::First) {
                        *firsts.lock().unwrap().entry(pair).or_default() += 1;
                    }
                }
                if over.load(Ordering::Relaxed) {
                    return;
                }
            }
        }));
    }
    let seen = Arc::clone(&decided);
    tokio::task::spawn_blocking(move || trouble(&seen)).await.unwrap();
    over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    let firsts = std::mem::take(&mut *firsts.lock().unwrap());
    assert!(firsts.len() > 50, "only {} pairs were decided", firsts.len());
    assert!(firsts.values().all(|count| *count == 1));
    for store in &stores {
        healthy_again(store).await;
        eventually(store, used("warm", "up")).await;
    }
    for (pair, store) in firsts.into_keys().zip(stores.iter().cycle()) {
        assert_eq!(eventually(store, used("c", pair)).await, Memory::Seen, "{pair}");
    }
}

/// Waits until so many more uses were decided.
pub(crate) fn more(decided: &AtomicUsize, uses: usize) {
    let (deadline, until) = (Instant::now() + GENEROUS, decided.load(Ordering::Relaxed) + uses);
    while decided.load(Ordering::Relaxed) < until {
        assert!(Instant::now() < deadline, "nothing is decided any more");
        std::thread::yield_now();
    }
}
