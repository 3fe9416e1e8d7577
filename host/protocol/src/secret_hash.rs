//! Client secrets as argon2id hashes, in PHC text.
//!
//! A check always costs one argon2id run, whether the client exists, has a secret, or sent the right one. Each run
//! takes 19 MiB; `HashRuns` bounds the runs and the callers that wait.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::rand;
use dropins_services::Unavailable;

use crate::hash_runs::{HashRuns, Memory};
use crate::random::NoRandomness;
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
    /// [`Unavailable`] if the machine has no randomness.
    pub fn of(secret: &str) -> Result<Self, Unavailable> {
        Self::salted(secret, RUNS.memory())
    }

    fn salted(secret: &str, memory: &Memory) -> Result<Self, Unavailable> {
        let failed = |error: &dyn std::fmt::Display| Unavailable::new("secret hashing", error);
        let mut salt = [0; Salt::RECOMMENDED_LENGTH];
        rand::fill(&mut salt).map_err(|_| failed(&NoRandomness))?;
        let salt = Salt::new(&salt).map_err(|error| failed(&error))?;
        let argon2 = Argon2::default();
        let hash = run(&argon2, secret, &salt, Params::DEFAULT_OUTPUT_LEN, memory);
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::default().into()),
            params: ParamsString::try_from(argon2.params()).map_err(|error| failed(&error))?,
            salt: Some(salt),
            hash: Some(hash.ok_or_else(|| failed(&"argon2 failed"))?),
        };
        Ok(Self(hash.to_string().into()))
    }

    /// Its PHC text, to be stored.
    pub fn phc(&self) -> &str {
        &self.0
    }

    fn matches(&self, secret: &str, memory: &Memory) -> bool {
        let same = || {
            let known = PasswordHash::new(&self.0).ok()?;
            let version = known.version.map(Version::try_from).transpose().ok()?.unwrap_or_default();
            let argon2 = Argon2::new(Algorithm::Argon2id, version, Params::try_from(&known).ok()?);
            let (salt, expected) = (known.salt?, known.hash?);
            // `Output` compares in constant time.
            Some(run(&argon2, secret, &salt, expected.len(), memory)? == expected)
        };
        same().unwrap_or(false)
    }
}

/// One run of argon2 in lent memory.
fn run(argon2: &Argon2<'_>, secret: &str, salt: &Salt, length: usize, memory: &Memory) -> Option<Output> {
    let mut output = [0; Output::MAX_LENGTH];
    let output = output.get_mut(..length)?;
    memory.lend(argon2.params().block_count(), |blocks| {
        argon2.hash_password_into_with_memory(secret.as_bytes(), salt, output, blocks).ok()
    })?;
    Output::new(output).ok()
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

static RUNS: LazyLock<HashRuns> = LazyLock::new(HashRuns::of_this_machine);

/// The hash that is checked when there is none: the work is the same, the answer is no.
static DECOY: LazyLock<Option<SecretHash>> = LazyLock::new(|| SecretHash::of("no client has this secret").ok());

/// Hashes a secret off the asynchronous threads.
///
/// # Errors
/// [`Unavailable`] if too many callers wait, or the machine has no randomness.
pub async fn create(secret: Secret) -> Result<SecretHash, Unavailable> {
    RUNS.run(move |memory| SecretHash::salted(secret.expose(), memory)).await?
}

/// Whether the secret has this hash; without a hash, no, after the same time.
///
/// # Errors
/// [`Unavailable`] if too many callers wait: no hash was computed, and this caller alone is rejected.
pub async fn check(hash: Option<SecretHash>, secret: &str) -> Result<bool, Unavailable> {
    let secret = zeroize::Zeroizing::new(secret.to_owned());
    let check = move |memory: &Memory| match hash {
        Some(hash) => hash.matches(&secret, memory),
        None => {
            let _same_work = DECOY.as_ref().is_some_and(|decoy| decoy.matches(&secret, memory));
            false
        }
    };
    RUNS.run(check).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_secret_matches_its_hash() {
        let hash = SecretHash::of("s3cret").unwrap();
        assert!(check(Some(hash.clone()), "s3cret").await.unwrap());
        assert!(!check(Some(hash.clone()), "S3cret").await.unwrap());
        assert!(!check(None, "no client has this secret").await.unwrap());
        assert_eq!(format!("{hash:?}"), "SecretHash(…)");
    }

    #[tokio::test]
    async fn hashes_of_other_parameters_match_too() {
        let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, Some(24)).unwrap());
        let hash = argon2::PasswordHasher::hash_password_with_salt(&hash, b"s3cret", b"somesaltsomesalt").unwrap();
        let hash = SecretHash::parse(&hash.to_string()).unwrap();
        assert!(check(Some(hash.clone()), "s3cret").await.unwrap());
        assert!(!check(Some(hash), "s3cre").await.unwrap());
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
