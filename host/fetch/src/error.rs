//! Why a JWK set or a document was not fetched: for the log and for `dropins keys refresh`, never for a client.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::guard::GuardError;
use super::outcome::FetchOutcome;

/// The longest text of a library's error, in characters.
const MAX_TEXT: usize = 200;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The host resolves only to addresses that may not be connected to.
    #[error(
        "its host leads to no address that may be connected to; see allowed_private_hosts of [oauth.jwks_endpoint], or of \
         [oauth.client_id_metadata] if the client id is a URL"
    )]
    RefusedAddress,
    /// The host has no address.
    #[error("its host has no address")]
    Unresolved,
    /// The connection was refused, or it broke.
    #[error("its host cannot be reached: {0}")]
    Unreachable(String),
    /// The host's certificate cannot be trusted, or TLS failed otherwise.
    #[error(
        "its host cannot be trusted: {0}; further authorities belong in the truststore, those of a trusted issuer in its ca_file"
    )]
    Tls(String),
    /// It took too long.
    #[error("there was no complete answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The answer is a redirect.
    #[error("the answer is a redirect (status {0}), which is not followed: register the URL that it leads to")]
    Redirect(u16),
    /// The answer is not a success.
    #[error("the answer has the status {0}")]
    BadStatus(u16),
    /// The answer is compressed.
    #[error("the answer is encoded, although it was asked for as it is")]
    Encoded,
    /// The answer is too large.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
    /// The answer is not HTTP.
    #[error("the answer is not understood: {0}")]
    Protocol(String),
    /// The answer is not a JWK set.
    #[error("the answer is no key set: {0}")]
    BadKeySet(String),
    /// The answer is not JSON by its content type.
    #[error("the answer has the content type `{0}`, not application/json")]
    NotJson(String),
    /// Too many fetches wait.
    #[error("too many fetches are waiting")]
    Crowded,
    /// The metadata of an issuer do not lead to its keys.
    #[error("its metadata do not lead to its keys: {0}")]
    BadMetadata(String),
    /// There is no bearer token to send.
    #[error("the bearer token of the issuer is not there: {0}")]
    NoToken(String),
    /// The fetch was cancelled or failed internally.
    #[error("the fetch ended early")]
    Interrupted,
}

impl FetchError {
    /// The kind of failure.
    #[must_use]
    pub const fn outcome(&self) -> FetchOutcome {
        match self {
            Self::RefusedAddress => FetchOutcome::RefusedAddress,
            Self::Unresolved => FetchOutcome::Unresolved,
            Self::Unreachable(_) => FetchOutcome::Unreachable,
            Self::Tls(_) => FetchOutcome::Tls,
            Self::Timeout(_) => FetchOutcome::Timeout,
            Self::Redirect(_) => FetchOutcome::Redirect,
            Self::BadStatus(_) => FetchOutcome::BadStatus,
            Self::Encoded => FetchOutcome::Encoded,
            Self::TooLarge(_) => FetchOutcome::TooLarge,
            Self::Protocol(_) => FetchOutcome::Protocol,
            Self::BadKeySet(_) => FetchOutcome::BadKeySet,
            Self::NotJson(_) => FetchOutcome::NotJson,
            Self::Crowded => FetchOutcome::Crowded,
            Self::BadMetadata(_) => FetchOutcome::BadMetadata,
            Self::NoToken(_) => FetchOutcome::NoToken,
            Self::Interrupted => FetchOutcome::Interrupted,
        }
    }

    /// Reads the client's error. Its own text is not used: it holds the URL with its query.
    pub(crate) fn of(error: &reqwest::Error, connection_timeout: Duration) -> Self {
        if let Some(guard) = cause::<GuardError>(error) {
            return match guard {
                GuardError::Refused => Self::RefusedAddress,
                GuardError::Unresolved => Self::Unresolved,
            };
        }
        if let Some(tls) = cause::<rustls::Error>(error) {
            return Self::Tls(short(tls));
        }
        if error.is_timeout() {
            return Self::Timeout(connection_timeout);
        }
        match cause::<io::Error>(error) {
            Some(io) => Self::Unreachable(short(io)),
            None if error.is_connect() => Self::Unreachable("the connection failed".to_owned()),
            None => Self::Protocol(innermost(error)),
        }
    }
}

/// The first cause of this type. `io::Error::source` skips the error that it wraps.
fn cause<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref).and_then(|inner| cause::<E>(inner));
    wrapped.or_else(|| error.downcast_ref::<E>()).or_else(|| cause::<E>(error.source()?))
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => short(error),
    }
}

/// The text of an error, bounded: it may hold what the server sent, such as the names in its certificate.
fn short(error: &(dyn Error + 'static)) -> String {
    error.to_string().chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_found_inside_an_io_error() {
        let tls = || rustls::Error::General("x".to_owned());
        let wrapped = io::Error::other(io::Error::other(tls()));
        assert_eq!(cause::<rustls::Error>(&wrapped), Some(&tls()));
        assert_eq!(cause::<GuardError>(&wrapped), None);
    }
}
