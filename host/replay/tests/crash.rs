//! SIGKILL at any moment: every first use that was acknowledged is still remembered afterwards.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    collections::BTreeSet,
    hash::{BuildHasher, RandomState},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use common::{open, used};
use dropins_services::{Memory, ReplayStore};

const FOLDER: &str = "DROPINS_REPLAY_CRASH_FOLDER";
const ROUND: &str = "DROPINS_REPLAY_CRASH_ROUND";

/// The victim: not a test of its own, but this binary run again with the variables set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let (Ok(folder), Ok(round)) = (std::env::var(FOLDER), std::env::var(ROUND)) else { return };
    let store = open(Path::new(&folder));
    let tasks: Vec<_> = (0..32)
        .map(|task| {
            let (store, round) = (Arc::clone(&store), round.clone());
            tokio::spawn(async move {
                for n in 0_u64.. {
                    let jti = format!("{round}-{task}-{n}");
                    if store.remember(used("c", &jti)).await == Ok(Memory::First) {
                        std::io::stdout().lock().write_all(format!("\nack {jti}\n").as_bytes()).unwrap();
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

/// Runs a victim, kills it after so many acknowledgements, and returns all that it had written.
fn acknowledged(folder: &Path, round: usize, after: usize) -> BTreeSet<String> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env(FOLDER, folder)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(victim.stdout.take().unwrap());
    let mut acknowledged = BTreeSet::new();
    let mut killed = false;
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        // The last line may have been cut in the middle.
        if let Some(jti) = line.strip_prefix("ack ").and_then(|rest| rest.strip_suffix('\n')) {
            acknowledged.insert(jti.to_owned());
        }
        line.clear();
        if !killed && acknowledged.len() >= after {
            victim.kill().unwrap();
            killed = true;
        }
    }
    victim.wait().unwrap();
    assert!(killed, "the victim ended by itself");
    acknowledged
}

#[tokio::test]
async fn no_acknowledged_use_is_forgotten_by_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = BTreeSet::new();
    for round in 0..12 {
        let random = RandomState::new().hash_one(round);
        let after = usize::try_from(random % 1500).unwrap() + 1;
        all.append(&mut acknowledged(folder.path(), round, after));
        let store = open(folder.path());
        for jti in &all {
            assert_eq!(store.peek(used("c", jti)).await, Ok(Memory::Seen), "{jti}");
        }
        let uses: Vec<_> = all
            .iter()
            .map(|jti| {
                let (store, used) = (Arc::clone(&store), used("c", jti));
                tokio::spawn(async move { store.remember(used).await })
            })
            .collect();
        for used in uses {
            // More may wait than the queue holds; that is no first use either.
            assert_ne!(used.await.unwrap(), Ok(Memory::First));
        }
        store.close().await.unwrap();
    }
}
