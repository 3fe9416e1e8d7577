//! Files that are there completely or not at all.
//!
//! Written to a temporary file in the same folder, synced, then moved into place. A key is never overwritten,
//! not even in a race.

use std::fs::{DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// The owner only.
    Private,
    /// Every user of this machine.
    Public,
}

/// What to do about a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// Leave it as it is.
    Keep,
    /// Put the new one in its place.
    Replace,
}

/// Makes a folder and those above it.
pub(super) fn folder(path: &Path, access: Access) -> std::io::Result<()> {
    let mode = match access {
        Access::Private => 0o700,
        Access::Public => 0o755,
    };
    if let Some(parent) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
    }
    DirBuilder::new().recursive(true).mode(mode).create(path)
}

/// Makes a folder for its owner only; closes an existing folder to others.
pub(super) fn private_folder(path: &Path) -> std::io::Result<()> {
    folder(path, Access::Private)?;
    if std::fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file; false when it was there already and is kept.
pub(super) fn file(path: &Path, content: &[u8], access: Access, existing: Existing) -> std::io::Result<bool> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut temporary = tempfile::Builder::new().prefix(".new-").suffix(".tmp").tempfile_in(folder)?;
    temporary.write_all(content)?;
    if access == Access::Public {
        temporary.as_file().set_permissions(Permissions::from_mode(0o644))?;
    }
    temporary.as_file().sync_all()?;
    let written = match existing {
        Existing::Replace => temporary.persist(path).map(|_| true),
        Existing::Keep => match temporary.persist_noclobber(path) {
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            other => other.map(|_| true),
        },
    };
    let written = written.map_err(|error| error.error)?;
    File::open(folder)?.sync_all()?;
    Ok(written)
}

/// Replaces a file by one that every user may read.
pub fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    file(path, content, Access::Public, Existing::Replace).map(|_| ())
}

/// Removes a file for good.
pub fn remove(path: &Path) -> std::io::Result<()> {
    std::fs::remove_file(path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_are_private_unless_they_are_public() {
        let folder = tempfile::tempdir().unwrap();
        for (name, access, expected) in [("key", Access::Private, 0o600), ("certificate", Access::Public, 0o644)] {
            let path = folder.path().join(name);
            assert!(file(&path, b"x", access, Existing::Keep).unwrap());
            assert_eq!(mode(&path), expected, "{name}");
        }
    }

    #[test]
    fn an_existing_file_is_kept_or_replaced_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        assert!(file(&path, b"1", Access::Private, Existing::Keep).unwrap());
        assert!(!file(&path, b"2", Access::Private, Existing::Keep).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        assert!(file(&path, b"3", Access::Private, Existing::Replace).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), b"3");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
        remove(&path).unwrap();
        assert!(!path.exists() && remove(&path).is_err());
    }

    #[test]
    fn private_folders_are_for_the_owner() {
        let root = tempfile::tempdir().unwrap();
        folder(&root.path().join("a/b"), Access::Private).unwrap();
        assert_eq!((mode(&root.path().join("a/b")), mode(&root.path().join("a")) & 0o700), (0o700, 0o700));
    }
}
