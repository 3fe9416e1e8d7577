//! The files of the token-signing keys: one for each algorithm, and one more for every later key, with the second of
//! the Unix epoch from which it signs in its name.
//!
//! A rotation adds files and removes those whose last token has expired; no file ever changes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use dropins_keys::{SigningError, SigningKey};
use zeroize::Zeroizing;

use super::key_ring::{KeyRing, Lacks};
use super::key_schedule::{ScheduledKey, is_retired, key_family, retires_at};
use super::publication::MIN_OVERLAP;
use dropins_config::Home;
use dropins_config::home::HomeError;
use dropins_protocol::TokenAlgorithm;

/// Why the token-signing keys cannot be read or rotated.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no key for an algorithm.
    #[error("there is no token-signing key {}; bring it back from a copy of this home, or of another one of the same server", path.display())]
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
    /// The new keys would sign before everybody knows them.
    #[error(
        "an overlap of {overlap:?} is too short: others may keep the published keys for some minutes; give at least \
         {MIN_OVERLAP:?}, or 0 when the old keys are no longer to be used"
    )]
    Overlap {
        /// The overlap that was asked for.
        overlap: Duration,
    },
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rotation {
    /// The new keys.
    pub keys: Vec<NewKey>,
    /// When they begin to sign, seconds since the Unix epoch.
    pub signs_from: u64,
    /// Files of keys whose last token has expired.
    pub removed: Vec<PathBuf>,
}

/// A key that a rotation made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NewKey {
    /// What it signs with.
    pub alg: TokenAlgorithm,
    /// The SHA-256 thumbprint of the JWK (RFC 7638).
    pub kid: String,
    /// Its file.
    pub file: PathBuf,
}

/// A key with the times of its life, seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ListedKey {
    /// What it signs with.
    pub alg: TokenAlgorithm,
    /// The SHA-256 thumbprint of the JWK (RFC 7638).
    pub kid: String,
    /// When its file was made, and with it the key published.
    pub published_since: Option<u64>,
    /// When it begins to sign; 0 for the first key.
    pub signs_from: u64,
    /// When its successor begins to sign.
    pub signs_until: Option<u64>,
    /// When its last token has expired.
    pub published_until: Option<u64>,
    /// Its file.
    pub file: PathBuf,
}

/// A file of a key, by what its name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyFile {
    algorithm: TokenAlgorithm,
    signs_from: u64,
    path: PathBuf,
}

impl KeyFile {
    /// None for any other file. There is one name for each key: a second spelling is no key file.
    fn of(home: &Home, path: PathBuf) -> Option<Self> {
        let seconds: Option<u64> = path.file_stem()?.to_str()?.rsplit('-').next()?.parse().ok();
        let named = |algorithm| match seconds {
            None => home.token_signing_key(algorithm),
            Some(seconds) => home.token_signing_key_from(algorithm, seconds),
        };
        let algorithm = TokenAlgorithm::ALL.into_iter().find(|algorithm| named(*algorithm) == path)?;
        Some(Self { algorithm, signs_from: seconds.unwrap_or(0), path })
    }

    fn read(&self) -> Result<ScheduledKey, FileError> {
        let failed = |error| FileError::Key { path: self.path.clone(), error };
        let text = fs::read_to_string(&self.path).map(Zeroizing::new);
        let text = text.map_err(|error| FileError::Io { path: self.path.clone(), error })?;
        let key = SigningKey::from_pem(&text).map_err(failed)?;
        ScheduledKey::new(self.algorithm, self.signs_from, key).map_err(failed)
    }
}

/// The first key of every algorithm, PKCS#8 PEM, for a new home.
///
/// # Errors
/// [`SigningError::Library`].
pub fn first_keys() -> Result<Vec<(TokenAlgorithm, Zeroizing<String>)>, SigningError> {
    let first = |algorithm: TokenAlgorithm| {
        let key = SigningKey::generate(key_family(algorithm))?;
        Ok((algorithm, key.to_pkcs8_pem()?))
    };
    TokenAlgorithm::ALL.into_iter().map(first).collect()
}

/// The key files of a home, by algorithm, the earliest first.
pub(super) fn list(home: &Home) -> Result<Vec<KeyFile>, FileError> {
    let folder = home.security();
    let failed = |error| FileError::Io { path: folder.clone(), error };
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        files.extend(KeyFile::of(home, entry.map_err(failed)?.path()));
    }
    files.sort();
    Ok(files)
}

/// Reads the keys of these files.
pub(super) fn read(home: &Home, files: &[KeyFile]) -> Result<KeyRing, FileError> {
    let keys = files.iter().map(KeyFile::read).collect::<Result<_, _>>()?;
    KeyRing::of(keys).map_err(|Lacks(algorithm)| FileError::Missing { path: home.token_signing_key(algorithm) })
}

/// Reads the keys of a home and changes nothing.
///
/// # Errors
/// [`FileError`] if a start would reject the keys.
pub fn check(home: &Home) -> Result<(), FileError> {
    read(home, &list(home)?).map(drop)
}

/// The keys of a home, by algorithm, the earliest first; `longest` is how long a token is valid at most.
///
/// # Errors
/// [`FileError`] if a start would reject the keys.
pub fn list_keys(home: &Home, longest: Duration) -> Result<Vec<ListedKey>, FileError> {
    let files = list(home)?;
    let listed = files.iter().enumerate().map(|(index, file)| {
        let next = files.get(index + 1).filter(|next| next.algorithm == file.algorithm);
        let made = fs::metadata(&file.path).and_then(|metadata| metadata.modified()).ok();
        let made = made.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(ListedKey {
            alg: file.algorithm,
            kid: file.read()?.kid().to_owned(),
            published_since: made.map(|made| made.as_secs()),
            signs_from: file.signs_from,
            signs_until: next.map(|next| next.signs_from),
            published_until: next.map(|next| retires_at(next.signs_from, longest)),
            file: file.path.clone(),
        })
    });
    listed.collect()
}

/// Adds keys of these algorithms that sign after `overlap`; `longest` is how long a token is valid at most.
///
/// # Errors
/// [`FileError`] says what is wrong; a key that was written by then stays, and signs when it is due.
pub fn rotate(
    home: &Home,
    algorithms: &[TokenAlgorithm],
    now: u64,
    overlap: Duration,
    longest: Duration,
) -> Result<Rotation, FileError> {
    if !overlap.is_zero() && overlap < MIN_OVERLAP {
        return Err(FileError::Overlap { overlap });
    }
    let files = list(home)?;
    // A folder that the server would refuse is not made worse.
    read(home, &files)?;
    let signs_from = now.saturating_add(overlap.as_secs());
    let new = |algorithm: &TokenAlgorithm| {
        let path = home.token_signing_key_from(*algorithm, signs_from);
        new_key(*algorithm, &path).map(|key| (*algorithm, path, key))
    };
    let mut keys = Vec::new();
    for (alg, file, key) in algorithms.iter().map(new).collect::<Result<Vec<_>, _>>()? {
        if !write(home, &file, &key)? {
            return Err(FileError::Exists { path: file });
        }
        keys.push(NewKey { alg, kid: key.thumbprint(), file });
    }
    let successors = files.iter().zip(files.iter().skip(1)).filter(|(file, next)| file.algorithm == next.algorithm);
    let retired = successors.filter(|(_, next)| is_retired(next.signs_from, now, longest));
    let removed: Vec<_> = retired.map(|(file, _)| file.path.clone()).collect();
    for path in &removed {
        fs::remove_file(path).map_err(|error| FileError::Io { path: path.clone(), error })?;
    }
    Ok(Rotation { keys, signs_from, removed })
}

fn new_key(algorithm: TokenAlgorithm, path: &Path) -> Result<SigningKey, FileError> {
    SigningKey::generate(key_family(algorithm)).map_err(|error| FileError::Key { path: path.to_owned(), error })
}

/// False when there is a file already.
fn write(home: &Home, path: &Path, key: &SigningKey) -> Result<bool, FileError> {
    let pem = key.to_pkcs8_pem().map_err(|error| FileError::Key { path: path.to_owned(), error })?;
    Ok(home.write_key(path, pem.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const ES256: TokenAlgorithm = TokenAlgorithm::Es256;
    const RS256: TokenAlgorithm = TokenAlgorithm::Rs256;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path());
        fs::create_dir_all(home.security()).unwrap();
        for algorithm in TokenAlgorithm::ALL {
            let path = home.token_signing_key(algorithm);
            assert!(write(&home, &path, &new_key(algorithm, &path).unwrap()).unwrap());
        }
        (folder, home)
    }

    fn times(home: &Home, algorithm: TokenAlgorithm) -> Vec<u64> {
        list(home).unwrap().into_iter().filter(|file| file.algorithm == algorithm).map(|file| file.signs_from).collect()
    }

    #[test]
    fn a_rotation_adds_keys_and_removes_those_that_are_no_longer_needed() {
        let (_folder, home) = home();
        let rotation = rotate(&home, &TokenAlgorithm::ALL, 100_000, HOUR, HOUR).unwrap();
        assert_eq!((rotation.signs_from, rotation.removed.len()), (103_600, 0));
        let ring = read(&home, &list(&home).unwrap()).unwrap();
        for (algorithm, new) in TokenAlgorithm::ALL.into_iter().zip(&rotation.keys) {
            assert_eq!(times(&home, algorithm), [0, 103_600]);
            assert_eq!((new.alg, &new.file), (algorithm, &home.token_signing_key_from(algorithm, 103_600)));
            assert_eq!(ring.current_kid(algorithm, 103_600), new.kid);
            assert_ne!(ring.current_kid(algorithm, 103_599), new.kid);
        }

        assert_eq!(rotate(&home, &[ES256], 107_000, Duration::ZERO, HOUR).unwrap().removed.len(), 0);
        let rotation = rotate(&home, &[ES256], 110_000, Duration::ZERO, HOUR).unwrap();
        let first = [RS256, ES256].map(|algorithm| home.token_signing_key(algorithm));
        assert_eq!(rotation.removed, first, "their successors have signed for more than an hour");
        assert_eq!(times(&home, ES256), [103_600, 107_000, 110_000]);
        assert_eq!(times(&home, RS256), [103_600], "only the algorithm that was asked for");
    }

    #[test]
    fn two_rotations_in_one_second_do_not_lose_a_key() {
        let (_folder, home) = home();
        rotate(&home, &[ES256], 100_000, HOUR, HOUR).unwrap();
        assert!(matches!(rotate(&home, &[ES256], 100_000, HOUR, HOUR), Err(FileError::Exists { .. })));
        rotate(&home, &[RS256], 100_000, HOUR, HOUR).unwrap();
    }

    #[test]
    fn a_key_never_signs_while_others_may_keep_a_key_set_without_it() {
        let (_folder, home) = home();
        assert!(crate::tokens::PUBLISHED_MAX_AGE < MIN_OVERLAP);
        for overlap in [Duration::from_millis(1), MIN_OVERLAP - Duration::from_secs(1)] {
            let refused = rotate(&home, &[ES256], 100_000, overlap, HOUR);
            assert!(matches!(refused, Err(FileError::Overlap { .. })), "{overlap:?}");
        }
        rotate(&home, &[ES256], 100_000, MIN_OVERLAP, HOUR).unwrap();
        assert_eq!(times(&home, ES256), [0, 100_600]);
    }

    #[test]
    fn a_lost_key_is_not_replaced() {
        for lost in TokenAlgorithm::ALL {
            let (_folder, home) = home();
            fs::remove_file(home.token_signing_key(lost)).unwrap();
            let missing = check(&home);
            assert!(
                matches!(missing, Err(FileError::Missing { path }) if path == home.token_signing_key(lost)),
                "{lost}"
            );
            assert!(rotate(&home, &[lost], 1, HOUR, HOUR).is_err(), "{lost}");
        }
    }

    #[test]
    fn what_is_no_key_stops_the_start_and_the_rotation() {
        let (_folder, home) = home();
        for name in [
            "token-signing-key-1x.pem",
            "token-signing-key-01.pem",
            "token-signing-key-rs256-01.pem",
            "token-signing-key-es256.pem",
            "token-signing-key-1",
            "tls-key.pem",
            ".new-1.tmp",
        ] {
            fs::write(home.security().join(name), "x").unwrap();
        }
        assert_eq!((times(&home, ES256), times(&home, RS256)), (vec![0], vec![0]), "other files are passed over");
        fs::copy(home.token_signing_key(ES256), home.token_signing_key_from(RS256, 5)).unwrap();
        assert!(matches!(check(&home), Err(FileError::Key { .. })), "a key of another kind");
        fs::write(home.token_signing_key_from(RS256, 5), "x").unwrap();
        assert!(matches!(rotate(&home, &[ES256], 100_000, HOUR, HOUR), Err(FileError::Key { .. })));
        let empty = Home::new("/nonexistent");
        assert!(matches!(list(&empty), Err(FileError::Io { .. })));
        assert!(matches!(read(&empty, &[]), Err(FileError::Missing { .. })));
    }
}
