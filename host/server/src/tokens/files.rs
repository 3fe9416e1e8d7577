//! The files of the token-signing keys: `token-signing-key.pem`, and `token-signing-key-SECONDS.pem` for a key that
//! signs from that second of the Unix epoch on.
//!
//! A rotation adds a file and removes those whose last token has expired; no file ever changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dropins_keys::{KeyFamily, SigningError, SigningKey};

use super::ring::{Ring, is_retired};
use crate::home::{Home, HomeError};

/// Why the token-signing keys cannot be read or rotated.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no key at all.
    #[error("there is no token-signing key {}; `dropins init --force` makes a missing one", path.display())]
    Missing {
        /// The file of the first one.
        path: PathBuf,
    },
    /// A file or the folder cannot be read or removed.
    #[error("{} cannot be read or removed: {error}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file holds no key that can sign tokens.
    #[error("the token-signing key {} cannot be used: {error}; move it away or restore it", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        error: SigningError,
    },
    /// A new key cannot be written.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// There is a key for this second already.
    #[error("{} is there already; try again in a second", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rotation {
    /// The file of the new key.
    pub file: PathBuf,
    /// Its `kid`: the SHA-256 thumbprint of the JWK (RFC 7638).
    pub kid: String,
    /// When it begins to sign, seconds since the Unix epoch.
    pub signs_from: u64,
    /// Files of keys whose last token has expired.
    pub removed: Vec<PathBuf>,
}

/// The key files of a home with the times from which they sign, the earliest first.
pub(super) fn list(home: &Home) -> Result<Vec<(u64, PathBuf)>, FileError> {
    let folder = home.security();
    let failed = |error| FileError::Io { path: folder.clone(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(signs_from) = signs_from(home, &path) {
            files.push((signs_from, path));
        }
    }
    files.sort();
    Ok(files)
}

/// Reads the keys of these files.
pub(super) fn read(home: &Home, files: &[(u64, PathBuf)]) -> Result<Ring, FileError> {
    let mut ring: Option<Ring> = None;
    for (signs_from, path) in files {
        let failed = |error| FileError::Key { path: path.clone(), error };
        let text = fs::read_to_string(path).map_err(|error| FileError::Io { path: path.clone(), error })?;
        let key = SigningKey::from_pem(&text).map_err(failed)?;
        ring = Some(
            match ring {
                None => Ring::of(key),
                Some(ring) => ring.with(*signs_from, key),
            }
            .map_err(failed)?,
        );
    }
    ring.ok_or_else(|| FileError::Missing { path: home.token_signing_key() })
}

/// Adds a key that signs after `overlap`; `longest` is how long a token is valid at most.
///
/// # Errors
/// [`FileError`] says which file is wrong; then nothing was rotated.
pub fn rotate(home: &Home, now: u64, overlap: Duration, longest: Duration) -> Result<Rotation, FileError> {
    let files = list(home)?;
    // A folder that the server would refuse is not made worse.
    read(home, &files)?;
    let signs_from = now.saturating_add(overlap.as_secs());
    let path = home.token_signing_key_from(signs_from);
    let failed = |error| FileError::Key { path: path.clone(), error };
    let key = SigningKey::generate(KeyFamily::P256).map_err(failed)?;
    if !home.write_key(&path, key.to_pkcs8_pem().map_err(failed)?.as_bytes())? {
        return Err(FileError::Exists { path });
    }
    let retired = files.iter().zip(files.iter().skip(1)).filter(|(_, (next, _))| is_retired(*next, now, longest));
    let removed: Vec<_> = retired.map(|((_, path), _)| path.clone()).collect();
    for path in &removed {
        fs::remove_file(path).map_err(|error| FileError::Io { path: path.clone(), error })?;
    }
    Ok(Rotation { kid: key.thumbprint(), file: path, signs_from, removed })
}

/// The time in the name of a key file.
fn signs_from(home: &Home, path: &Path) -> Option<u64> {
    if path == home.token_signing_key() {
        return Some(0);
    }
    let name = path.file_name()?.to_str()?;
    let seconds = name.strip_prefix("token-signing-key-")?.strip_suffix(".pem")?.parse().ok()?;
    // One name for each time: a second spelling is no key file.
    (path == home.token_signing_key_from(seconds)).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir_all(home.security()).unwrap();
        let key = SigningKey::generate(KeyFamily::P256).unwrap();
        assert!(home.write_key(&home.token_signing_key(), key.to_pkcs8_pem().unwrap().as_bytes()).unwrap());
        (folder, home)
    }

    fn names(home: &Home) -> Vec<u64> {
        list(home).unwrap().into_iter().map(|(signs_from, _)| signs_from).collect()
    }

    #[test]
    fn a_rotation_adds_a_key_and_removes_those_that_nobody_needs() {
        let (_folder, home) = home();
        let rotation = rotate(&home, 100_000, HOUR, HOUR).unwrap();
        assert_eq!((rotation.signs_from, rotation.removed.len()), (103_600, 0));
        assert_eq!(names(&home), [0, 103_600]);
        let ring = read(&home, &list(&home).unwrap()).unwrap();
        assert_eq!(ring.current(103_600).thumbprint(), rotation.kid);
        assert_ne!(ring.current(103_599).thumbprint(), rotation.kid);

        assert_eq!(rotate(&home, 107_000, Duration::ZERO, HOUR).unwrap().removed.len(), 0);
        let rotation = rotate(&home, 110_000, Duration::ZERO, HOUR).unwrap();
        assert_eq!(rotation.removed, [home.token_signing_key()], "its successor has signed for more than an hour");
        assert_eq!(names(&home), [103_600, 107_000, 110_000]);
    }

    #[test]
    fn two_rotations_in_one_second_do_not_lose_a_key() {
        let (_folder, home) = home();
        rotate(&home, 100_000, HOUR, HOUR).unwrap();
        assert!(matches!(rotate(&home, 100_000, HOUR, HOUR), Err(FileError::Exists { .. })));
    }

    #[test]
    fn what_is_no_key_stops_the_start_and_the_rotation() {
        let (_folder, home) = home();
        for name in ["token-signing-key-1x.pem", "token-signing-key-01.pem", "tls-key.pem", ".new-1.tmp"] {
            fs::write(home.security().join(name), "x").unwrap();
        }
        assert_eq!(names(&home), [0], "other files are passed over");
        fs::write(home.token_signing_key_from(5), "x").unwrap();
        assert!(matches!(rotate(&home, 100_000, HOUR, HOUR), Err(FileError::Key { .. })));
        let (_folder, empty) = (tempfile::tempdir().unwrap(), Home::new("/nonexistent"));
        assert!(matches!(list(&empty), Err(FileError::Io { .. })));
        assert!(matches!(read(&empty, &[]), Err(FileError::Missing { .. })));
    }
}
