//! Keystore files on disk: read within bounds, replaced in one step.
//!
//! The previous content stays beside the file as `.bak`. A file is never half-written, and a replaced one keeps its
//! permissions; a new one is for its owner only.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::{KeystoreError, StoreError};
use super::limits::MAX_FILE;

/// Reads the file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, KeystoreError> {
    let named = |error| KeystoreError::new(path, error);
    let io = |error: std::io::Error| named(error.into());
    // Before opening: opening a pipe blocks until a process writes to it.
    if !fs::metadata(path).map_err(io)?.is_file() {
        return Err(named(StoreError::NotAFile));
    }
    let file = File::open(path).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(named(StoreError::TooLarge { bytes: bytes.len() as u64 }));
    }
    Ok(bytes)
}

/// The target of a symbolic link: replacing the link itself would leave the file as it was.
pub(super) fn target(path: &Path) -> Result<PathBuf, KeystoreError> {
    match fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(KeystoreError::new(path, error.into())),
    }
}

/// Waits until no other process edits a file of this folder; the lock ends when the handle is dropped.
pub(super) fn lock(path: &Path) -> Result<File, KeystoreError> {
    let locked = File::open(folder(path)).and_then(|folder| folder.lock().map(|()| folder));
    locked.map_err(|error| KeystoreError::new(path, error.into()))
}

/// Replaces the content in one step.
pub(super) fn replace(path: &Path, content: &[u8], previous: Option<&[u8]>) -> Result<(), KeystoreError> {
    let permissions = fs::metadata(path).ok().map(|metadata| metadata.permissions());
    let put = |path: &Path, content: &[u8]| -> std::io::Result<()> {
        let mut temporary = tempfile::Builder::new().prefix(".keystore-").suffix(".tmp").tempfile_in(folder(path))?;
        temporary.write_all(content)?;
        if let Some(permissions) = &permissions {
            temporary.as_file().set_permissions(permissions.clone())?;
        }
        temporary.as_file().sync_all()?;
        temporary.persist(path).map_err(|error| error.error)?;
        File::open(folder(path))?.sync_all()
    };
    let backup = previous.map_or(Ok(()), |previous| put(&backup(path), previous));
    backup.and_then(|()| put(path, content)).map_err(|error| KeystoreError::new(path, error.into()))
}

/// `wso2carbon.p12.bak`.
fn backup(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".bak");
    PathBuf::from(name)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
