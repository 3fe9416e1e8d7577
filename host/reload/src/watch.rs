//! Reports that something may have changed in the folders.
//!
//! Folders are watched and not files: a rename and a swapped link make another file of the same name. Reading is no
//! change. When the system cannot watch, the rescan notices changes all the same.

use std::path::PathBuf;
use std::sync::Arc;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use super::settle::is_ignored;

/// Watches the folders until it is dropped; none when the system cannot watch any of them.
pub(super) fn folders(folders: &[PathBuf], dirty: Arc<Notify>) -> Option<RecommendedWatcher> {
    let report = move |event: notify::Result<Event>| {
        // An error is a reason to look, too.
        if event.as_ref().map_or(true, is_change) {
            dirty.notify_one();
        }
    };
    let started = notify::recommended_watcher(report).and_then(|mut watcher| {
        folders.iter().try_for_each(|folder| watcher.watch(folder, RecursiveMode::NonRecursive))?;
        Ok(watcher)
    });
    started
        .inspect_err(|error| tracing::warn!(%error, "the folders cannot be watched; changes are found by looking"))
        .ok()
}

fn is_change(event: &Event) -> bool {
    let touches = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) => false,
        _ => true,
    };
    let names = || event.paths.iter().filter_map(|path| path.file_name());
    touches && (event.paths.is_empty() || names().any(|name| !is_ignored(name)))
}

#[cfg(test)]
mod tests {
    use notify::event::{CreateKind, Flag, RemoveKind};

    use super::*;

    #[test]
    fn reading_and_unfinished_files_are_no_change() {
        let event = |kind, name: &str| Event::new(kind).add_path(PathBuf::from("/dropins").join(name));
        let (create, remove) = (EventKind::Create(CreateKind::File), EventKind::Remove(RemoveKind::File));
        assert!(is_change(&event(create, "a.wasm")) && is_change(&event(remove, "a.wasm")));
        assert!(is_change(&event(EventKind::Access(AccessKind::Close(AccessMode::Write)), "a.wasm")));
        assert!(is_change(&event(create, "..data")));
        assert!(is_change(&Event::new(EventKind::Other).set_flag(Flag::Rescan)), "events were lost");
        assert!(!is_change(&event(create, ".a.wasm.tmp")));
        assert!(!is_change(&event(EventKind::Access(AccessKind::Open(AccessMode::Read)), "a.wasm")));
    }

    #[tokio::test]
    async fn a_new_file_is_reported_and_a_folder_that_is_not_there_is_no_reason_to_fail() {
        let folder = tempfile::tempdir().unwrap();
        let dirty = Arc::new(Notify::new());
        assert!(folders(&[folder.path().join("absent")], Arc::clone(&dirty)).is_none());
        let Some(_watcher) = folders(&[folder.path().to_owned()], Arc::clone(&dirty)) else { return };
        std::fs::write(folder.path().join("a.wasm"), "x").unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(30), dirty.notified()).await.unwrap();
    }
}
