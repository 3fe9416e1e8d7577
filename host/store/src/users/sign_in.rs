//! Signing in: a name and a password, one answer for all that is wrong.

use std::net::IpAddr;

use dropins_protocol::secret_hash;
use dropins_services::Unavailable;

use super::record::User;
use super::slow_down::Wait;
use super::store::Users;

/// What came of an attempt to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// This is who it says.
    Welcome(User),
    /// Unknown, disabled, or the wrong password: the person is not told which.
    Refused,
    /// Too many attempts; the password was not looked at.
    TooOften(Wait),
}

impl SignIn {
    /// All texts of [`SignIn::as_str`].
    pub const RESULTS: [&str; 3] = ["signed-in", "refused", "too-often"];

    /// The result for log and metrics.
    pub fn as_str(&self) -> &'static str {
        let [signed_in, refused, too_often] = Self::RESULTS;
        match self {
            Self::Welcome(_) => signed_in,
            Self::Refused => refused,
            Self::TooOften(_) => too_often,
        }
    }
}

impl Users {
    /// Checks a name and a password; costs one argon2id run, unless there were too many attempts.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked or the machine cannot run the check.
    pub async fn sign_in(&self, name: &str, password: &str, address: Option<IpAddr>) -> Result<SignIn, Unavailable> {
        let attempt = match self.slow_down().begin(name, address, self.now_millis()) {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(SignIn::TooOften(wait)),
        };
        match self.whose(name, password).await {
            Ok(Some(user)) => {
                attempt.succeeded();
                Ok(SignIn::Welcome(user))
            }
            Ok(None) => Ok(SignIn::Refused),
            Err(down) => {
                attempt.undecided();
                Err(down)
            }
        }
    }

    /// The enabled user of this name, if this is the password.
    async fn whose(&self, name: &str, password: &str) -> Result<Option<User>, Unavailable> {
        let user = self.named(name).await?.filter(|(user, _)| user.enabled);
        let hash = user.as_ref().map(|(_, hash)| hash.clone());
        let right = secret_hash::check(hash, password).await?;
        Ok(user.filter(|_| right).map(|(user, _)| user))
    }
}
