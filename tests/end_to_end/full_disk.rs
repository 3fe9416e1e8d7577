//! `dropins check` on a disk that is full: a tmpfs of a few pages, which only root can mount.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::home::TestHome;

/// A mounted folder, until it is dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn of(folder: &'a Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder).output();
        if !mounted.as_ref().is_ok_and(|mounted| mounted.status.success()) {
            // A right and no program: a container may not have it, whatever is required.
            let _ = writeln!(std::io::stderr(), "skipped: no tmpfs can be mounted: {mounted:?}");
            return None;
        }
        Some(Self(folder))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn check_warns_of_a_disk_that_is_full_and_of_one_that_nearly_is() {
    let home = TestHome::new();
    let database = home.path("repository/database");
    std::fs::create_dir_all(&database).unwrap();
    let check = || home.dropins(&["check"]);
    let text = |checked: &crate::program::Finished| format!("{}{}", checked.stdout, checked.stderr);
    assert!(!text(&check()).contains(" free for "), "{:?}", check());
    {
        let Some(_small) = Mount::of(&database, "8m") else { return };
        assert!(text(&check()).contains("MiB are free for"), "{:?}", check());
    }
    let Some(_full) = Mount::of(&database, "64k") else { return };
    std::fs::write(database.join("filler"), vec![0; 64 << 10]).unwrap();
    assert!(text(&check()).contains("cannot be written, and serve needs it"), "{:?}", check());
}
