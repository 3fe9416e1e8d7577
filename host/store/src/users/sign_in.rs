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
    /// Unknown, disabled, or the wrong password: the log is told which, the person is not.
    Refused(Refusal),
    /// Too many attempts; the password was not looked at.
    TooOften(Wait),
}

/// Why an attempt is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No user has the name.
    UnknownUser,
    /// The user is disabled.
    DisabledUser,
    /// It is not the user's password.
    WrongPassword,
}

impl Refusal {
    /// The reason for the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown-user",
            Self::DisabledUser => "disabled-user",
            Self::WrongPassword => "wrong-password",
        }
    }
}

impl SignIn {
    /// All texts of [`SignIn::as_str`].
    pub const RESULTS: [&str; 3] = ["signed-in", "refused", "too-often"];

    /// The result for log and metrics.
    pub fn as_str(&self) -> &'static str {
        let [signed_in, refused, too_often] = Self::RESULTS;
        match self {
            Self::Welcome(_) => signed_in,
            Self::Refused(_) => refused,
            Self::TooOften(_) => too_often,
        }
    }
}

impl Users {
    /// Checks a name and a password; costs one argon2id run, unless there were too many attempts.
    ///
    /// A `device` on which this name has signed in before has a slow-down of its own: an attacker elsewhere cannot keep
    /// its user out.
    ///
    /// # Errors
    /// [`Unavailable`] when the database cannot be asked or the machine cannot run the check.
    pub async fn sign_in(
        &self,
        name: &str,
        password: &str,
        address: Option<IpAddr>,
        device: Option<&str>,
    ) -> Result<SignIn, Unavailable> {
        let begun = match device {
            Some(device) => self.slow_down().begin((name, device), None, self.now_millis()),
            None => self.slow_down().begin(name, address, self.now_millis()),
        };
        let attempt = match begun {
            Ok(attempt) => attempt,
            Err(wait) => return Ok(SignIn::TooOften(wait)),
        };
        match self.whose(name, password).await {
            Ok(Ok(user)) => {
                attempt.succeeded();
                Ok(SignIn::Welcome(user))
            }
            Ok(Err(refusal)) => Ok(SignIn::Refused(refusal)),
            Err(down) => {
                attempt.undecided();
                Err(down)
            }
        }
    }

    /// The enabled user of this name, if this is the password; every refusal after the same work.
    async fn whose(&self, name: &str, password: &str) -> Result<Result<User, Refusal>, Unavailable> {
        let named = self.named(name).await?;
        let hash = named.as_ref().filter(|(user, _)| user.enabled).map(|(_, hash)| hash.clone());
        let right = secret_hash::check(hash, password).await?;
        Ok(match named {
            None => Err(Refusal::UnknownUser),
            Some((user, _)) if !user.enabled => Err(Refusal::DisabledUser),
            Some(_) if !right => Err(Refusal::WrongPassword),
            Some((user, _)) => Ok(user),
        })
    }
}
