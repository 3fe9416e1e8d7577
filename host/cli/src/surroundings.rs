//! What `check` says about the files around the configuration: who may read secrets, and whether there is room to write.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use dropins_config::{Deployment, Home};
use dropins_oauth::tokens;

/// A home that grows by an assertion a request needs some room.
const ROOM: u64 = 64 << 20;

/// One sentence for each thing that is worth a look.
pub(crate) fn warnings(home: &Home, deployment: &Deployment) -> Vec<String> {
    let open = secrets(home, deployment).into_iter().filter_map(|path| readable(&path));
    let database = home.database();
    let log = deployment.logging.file.as_ref().map(|log| home.root().join(&log.path));
    let folders = [Some(database.as_path()), log.as_deref()].into_iter().flatten().filter_map(Path::parent);
    open.chain(folders.chain([home.tmp().as_path()]).filter_map(room)).collect()
}

/// Files with secrets and private keys.
fn secrets(home: &Home, deployment: &Deployment) -> Vec<PathBuf> {
    let tls = deployment.transport.https.as_ref().and_then(|https| https.identity.as_ref());
    let tls = tls.map_or_else(|| home.tls_key(), |files| home.conf().join(&files.private_key));
    let stores = [&deployment.keystores.primary, &deployment.keystores.tls].into_iter().flatten();
    let stores = stores.map(|keystore| home.security().join(&keystore.file_name));
    let signing = tokens::list_keys(home, std::time::Duration::ZERO).unwrap_or_default().into_iter();
    [home.deployment_toml(), tls].into_iter().chain(stores).chain(signing.map(|key| key.file)).collect()
}

fn readable(path: &Path) -> Option<String> {
    let mode =
        std::fs::metadata(path).ok().as_ref().map(std::fs::Metadata::permissions).as_ref().map(Permissions::mode)?;
    let open = mode & 0o004 != 0;
    open.then(|| format!("every user of this machine may read {}: chmod o-r it", path.display()))
}

fn room(folder: &Path) -> Option<String> {
    let shown = folder.display();
    // A database on a server needs no folder here.
    if !folder.is_dir() {
        return None;
    }
    let written = tempfile::tempfile_in(folder).and_then(|mut file| file.write_all(&[0; 4096]));
    if let Err(error) = written {
        return Some(format!("{shown} cannot be written, and serve needs it: {error}"));
    }
    let disk = rustix::fs::statvfs(folder).ok()?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    (free < ROOM).then(|| format!("only {} MiB are free for {shown}", free >> 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_others_may_read_is_named_and_a_private_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deployment.toml");
        std::fs::write(&path, "").unwrap();
        for (mode, named) in [(0o600, false), (0o640, false), (0o644, true)] {
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            assert_eq!(readable(&path).is_some(), named, "{mode:o}");
        }
    }

    #[test]
    fn a_folder_that_takes_no_file_is_named() {
        assert_eq!(room(Path::new("/no/such/folder")), None);
        assert!(room(Path::new("/proc")).unwrap().contains("/proc cannot be written"));
    }
}
