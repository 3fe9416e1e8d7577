//! Waits until the operator has finished writing: quiet first, then files that stand still.
//!
//! Both waits are bounded, so that a folder that never rests is read all the same: a truncated file is then refused, and
//! read again when it grows.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

/// How long nothing may happen before the files are looked at.
const QUIET: Duration = Duration::from_millis(250);
/// How long to wait for that, and for the files to stand still, at most.
const PATIENCE: Duration = Duration::from_secs(2);
/// The time between two looks at the files.
const APART: Duration = Duration::from_millis(50);

/// Unfinished copies, backups and hidden files. `..data` is none of them: Kubernetes swaps that link.
pub(super) fn is_ignored(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let unfinished = ["~", ".tmp", ".part", ".swp"].iter().any(|suffix| name.ends_with(suffix));
    unfinished || (name.starts_with('.') && name != "..data")
}

/// Waits until nothing was reported for [`QUIET`], at most [`PATIENCE`].
pub(super) async fn quiet(dirty: &Notify) {
    let end = Instant::now() + PATIENCE;
    while timeout_at(end.min(Instant::now() + QUIET), dirty.notified()).await.is_ok() && Instant::now() < end {}
}

/// Waits until these files, and those of these folders, look the same twice, at most [`PATIENCE`].
pub(super) async fn still(paths: &[PathBuf]) {
    let end = Instant::now() + PATIENCE;
    let mut before = stamps(paths).await;
    while Instant::now() < end {
        sleep(APART).await;
        let now = stamps(paths).await;
        if now == before {
            return;
        }
        before = now;
    }
}

/// What changes when a file does: size, modification time and identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: (i64, i64),
    inode: (u64, u64),
}

/// The stamps of these files and of the regular files in these folders; links are followed.
pub(super) async fn stamps(paths: &[PathBuf]) -> BTreeMap<PathBuf, Stamp> {
    let paths = paths.to_vec();
    let look = move || {
        let folders = paths.iter().filter(|path| path.is_dir());
        let entries = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
        let wanted = entries.filter(|entry| !is_ignored(&entry.file_name())).map(|entry| entry.path());
        let stamped = wanted.chain(paths.iter().cloned()).filter_map(|path| {
            let metadata = std::fs::metadata(&path).ok().filter(std::fs::Metadata::is_file)?;
            let stamp = Stamp {
                size: metadata.size(),
                modified: (metadata.mtime(), metadata.mtime_nsec()),
                inode: (metadata.dev(), metadata.ino()),
            };
            Some((path, stamp))
        });
        stamped.collect()
    };
    tokio::task::spawn_blocking(look).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn unfinished_and_hidden_files_are_ignored_but_not_the_link_that_kubernetes_swaps() {
        for name in ["a.wasm~", "a.wasm.tmp", "a.part", ".a.swp", ".new-x.wasm", "..2026_01_01"] {
            assert!(is_ignored(OsStr::new(name)), "{name}");
        }
        for name in ["a.wasm", "deployment.toml", "..data", "tmp", "c.jwks.json"] {
            assert!(!is_ignored(OsStr::new(name)), "{name}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_means_250_ms_without_a_report() {
        let (dirty, began) = (Arc::new(Notify::new()), Instant::now());
        quiet(&dirty).await;
        assert_eq!(began.elapsed(), QUIET);

        let (noise, began) = (Arc::clone(&dirty), Instant::now());
        tokio::spawn(async move {
            for _ in 0..3 {
                sleep(Duration::from_millis(200)).await;
                noise.notify_one();
            }
        });
        quiet(&dirty).await;
        assert_eq!(began.elapsed(), Duration::from_millis(600) + QUIET);
    }

    #[tokio::test(start_paused = true)]
    async fn noise_without_end_is_waited_for_no_longer_than_2_s() {
        let (dirty, began) = (Arc::new(Notify::new()), Instant::now());
        let noise = Arc::clone(&dirty);
        let endless = tokio::spawn(async move {
            loop {
                sleep(Duration::from_millis(100)).await;
                noise.notify_one();
            }
        });
        quiet(&dirty).await;
        endless.abort();
        assert_eq!(began.elapsed(), PATIENCE);
    }

    #[tokio::test]
    async fn a_file_that_changes_has_another_stamp_and_an_ignored_one_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().to_owned(), folder.path().join("absent")];
        std::fs::write(folder.path().join("a.wasm"), "1").unwrap();
        let before = stamps(&folders).await;
        std::fs::write(folder.path().join(".b.wasm"), "1").unwrap();
        assert_eq!(stamps(&folders).await, before);
        std::fs::write(folder.path().join("c"), "1").unwrap();
        std::fs::rename(folder.path().join("c"), folder.path().join("a.wasm")).unwrap();
        assert_ne!(stamps(&folders).await, before, "the same name and size, but another file");
        still(&folders).await;
    }
}
