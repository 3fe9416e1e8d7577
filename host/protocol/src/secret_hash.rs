//! Client secrets as argon2id hashes, in PHC text.
//!
//! A check always costs one argon2id run, whether the client exists, has a secret, or gave the right one.
//! Runs are bounded to the machine's cores, because each of them takes 19 MiB.

use std::sync::{Arc, LazyLock};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use dropins_services::Unavailable;
use tokio::sync::Semaphore;

use crate::secret::Secret;

/// The hash of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretHash(Arc<str>);

/// The text is not an argon2id hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not an argon2id hash in PHC text (`$argon2id$v=19$m=19456,t=2,p=1$salt$hash`)")]
pub struct NotArgon2id;

impl SecretHash {
    /// A hash from its PHC text.
    ///
    /// # Errors
    /// [`NotArgon2id`] when the text is something else.
    pub fn parse(phc: &str) -> Result<Self, NotArgon2id> {
        let parsed = PasswordHash::new(phc).map_err(|_| NotArgon2id)?;
        let complete = parsed.algorithm.as_str() == "argon2id" && parsed.hash.is_some() && parsed.salt.is_some();
        if complete { Ok(Self(phc.into())) } else { Err(NotArgon2id) }
    }

    /// Hashes a secret with a random salt. Takes milliseconds of a core.
    ///
    /// # Errors
    /// [`Unavailable`] when the machine has no randomness or memory to give.
    pub fn of(secret: &str) -> Result<Self, Unavailable> {
        let hash = Argon2::default().hash_password(secret.as_bytes());
        hash.map(|hash: argon2::password_hash::phc::PasswordHash| Self(hash.to_string().into()))
            .map_err(|error| Unavailable::new("secret hashing", error))
    }

    /// Its PHC text, to be stored.
    pub fn phc(&self) -> &str {
        &self.0
    }

    fn matches(&self, secret: &str) -> bool {
        PasswordHash::new(&self.0).is_ok_and(|hash| Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok())
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

static RUNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// The hash that is checked when there is none: the work is the same, the answer is no.
static DECOY: LazyLock<Option<SecretHash>> = LazyLock::new(|| SecretHash::of("nobody has this secret").ok());

/// Hashes a secret off the asynchronous threads.
///
/// # Errors
/// [`Unavailable`] when the machine has no randomness or memory to give.
pub async fn create(secret: Secret) -> Result<SecretHash, Unavailable> {
    let failed = |error: &dyn std::fmt::Display| Unavailable::new("secret hashing", error);
    let _run = RUNS.acquire().await.map_err(|error| failed(&error))?;
    let hashed = tokio::task::spawn_blocking(move || SecretHash::of(secret.expose()));
    hashed.await.map_err(|error| failed(&error))?
}

/// Whether the secret has this hash; without a hash, no, after the same time.
///
/// # Errors
/// [`Unavailable`] when the machine cannot run the check.
pub async fn check(hash: Option<SecretHash>, secret: &str) -> Result<bool, Unavailable> {
    let failed = |error: &dyn std::fmt::Display| Unavailable::new("secret hashing", error);
    let _run = RUNS.acquire().await.map_err(|error| failed(&error))?;
    let secret = zeroize::Zeroizing::new(secret.to_owned());
    let checked = tokio::task::spawn_blocking(move || match hash {
        Some(hash) => hash.matches(&secret),
        None => {
            let _same_work = DECOY.as_ref().is_some_and(|decoy| decoy.matches(&secret));
            false
        }
    });
    checked.await.map_err(|error| failed(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_secret_matches_its_hash() {
        let hash = SecretHash::of("s3cret").unwrap();
        assert!(check(Some(hash.clone()), "s3cret").await.unwrap());
        assert!(!check(Some(hash.clone()), "S3cret").await.unwrap());
        assert!(!check(None, "nobody has this secret").await.unwrap());
        assert_eq!(format!("{hash:?}"), "SecretHash(…)");
    }

    #[test]
    fn only_argon2id_is_accepted() {
        let good = SecretHash::of("x").unwrap();
        assert_eq!(SecretHash::parse(&good.0), Ok(good.clone()));
        let argon2i = good.0.replace("argon2id", "argon2i");
        for wrong in ["", "secret", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1", argon2i.as_str()]
        {
            assert_eq!(SecretHash::parse(wrong), Err(NotArgon2id), "{wrong}");
        }
    }
}
