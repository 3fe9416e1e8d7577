//! What authenticated clients are given: grants, and the tokens that follow from them (RFC 6749).
//!
//! [`Grants`] keeps authorization codes, refresh tokens, opaque access tokens and what was revoked; [`PushedRequests`]
//! keeps authorization requests that clients sent ahead. Both keep hashes of what they hand out, never the thing
//! itself. A client uses only grants that it registered, and is given only scopes that were granted.

mod access_tokens;
mod authorization;
mod authorization_code;
mod client_credentials;
mod codes;
pub(crate) mod ending;
mod families;
mod issue;
mod opaque;
mod pkce;
mod pushed;
mod refresh_token;
mod refresh_tokens;
mod refusal;
mod schema;
mod scope;
pub(crate) mod standing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use dropins_host::services::Clock;
use serde_json::Value;

pub use access_tokens::NewAccessToken;
pub use authorization::Authorization;
pub use codes::{Binding, Code, CodeError, Terms};
pub use families::{Family, FamilyId};
pub use pushed::{Pushed, PushedRequests, REQUEST_URI_PREFIX};
pub use refresh_tokens::{RefreshError, RefreshToken};
pub use refusal::Refusal;
pub(crate) use schema::MIGRATION;

use crate::app::App;
use crate::database::Database;
use crate::http::error::{ErrorKind, OAuthError};
use crate::http::{Authenticated, Form};
use crate::live::Live;

/// The grants of this server, for metadata.
pub const SUPPORTED: [&str; 3] =
    [authorization_code::GRANT_TYPE, client_credentials::GRANT_TYPE, refresh_token::GRANT_TYPE];

/// Grants that a client without a credential may use: what they take is itself a proof (RFC 7636, RFC 6749 section 6).
pub const PUBLIC: [&str; 2] = [authorization_code::GRANT_TYPE, refresh_token::GRANT_TYPE];

/// Authorization codes, refresh tokens, opaque access tokens, and what was revoked.
#[derive(Clone)]
pub struct Grants {
    database: Database,
    clock: Arc<dyn Clock>,
}

impl Grants {
    /// Grants that are kept in this database.
    pub fn new(database: Database, clock: Arc<dyn Clock>) -> Self {
        Self { database, clock }
    }

    /// Seconds since the Unix epoch.
    fn now(&self) -> u64 {
        self.clock.now_seconds()
    }
}

/// What a grant is asked with.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    /// The server.
    pub(crate) app: &'a App,
    /// The configuration that the request began with.
    pub(crate) live: &'a Live,
    /// Who asks.
    pub(crate) client: &'a Authenticated,
    /// The parameters of the request.
    pub(crate) form: &'a Form,
}

/// Whether this server knows the grant.
pub fn is_supported(grant: &str) -> bool {
    SUPPORTED.contains(&grant)
}

/// Answers a token request of an authenticated client (RFC 6749 section 5.1).
///
/// # Errors
/// [`Refusal`] with the answer for the client and the reason for the log.
pub(crate) async fn answer(grant: &str, asking: Asking<'_>) -> Result<Value, Refusal> {
    if !asking.client.may_use(grant) {
        return Err(OAuthError::new(ErrorKind::UnauthorizedClient, "The client may not use this grant type").into());
    }
    match grant {
        authorization_code::GRANT_TYPE => authorization_code::answer(asking).await,
        refresh_token::GRANT_TYPE => refresh_token::answer(asking).await,
        client_credentials::GRANT_TYPE => client_credentials::answer(asking).await,
        _ => Err(OAuthError::new(ErrorKind::UnsupportedGrantType, "The grant type is not supported").into()),
    }
}
