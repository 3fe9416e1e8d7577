//! The folder of compiled components: native code, so only the owner may write to it.
//!
//! Rejects a folder that is a link or belongs to another user.

use std::path::Path;

use wasmtime::{Cache, CacheConfig};

/// Opens the cache in this folder, which is made if missing and becomes private; the error says why it cannot be used.
pub(crate) fn open(path: &Path) -> Result<Cache, String> {
    std::fs::create_dir_all(path).map_err(|error| error.to_string())?;
    make_private(path)?;
    let path = path.canonicalize().map_err(|error| error.to_string())?;
    let mut config = CacheConfig::new();
    config.with_directory(path);
    Cache::new(config).map_err(|error| format!("{error:#}"))
}

/// Only the owner may write where native code is loaded from.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    // First, because changing the mode of a link changes its target.
    let metadata = std::fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_dir() {
        return Err("it is not a folder but a link".to_owned());
    }
    // The superuser could change the mode of another user's folder, and that user could change it back.
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err("it belongs to another user than the server's".to_owned());
    }
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(|error| {
        format!("it cannot be made private ({error}); it must belong to the user that runs the server")
    })
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> Result<(), String> {
    Ok(())
}
