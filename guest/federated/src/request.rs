//! Which requests are of this plug-in's kind: a JWT-SVID under its own type, and a JWT of an issuer other than its
//! subject. A client's own assertion, whose `iss` equals its `sub`, is never its.

use dropins_plugin::Request;
use dropins_plugin::assertion::{JWT_BEARER, JWT_SPIFFE, Names};

/// The two kinds of tokens, by the assertion type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// Of an OpenID Connect issuer.
    Bearer,
    /// Of a SPIFFE trust domain.
    Spiffe,
}

impl TokenKind {
    /// The kind of the request's token; `None` for a request of another plug-in.
    pub(crate) fn of(request: &Request<'_>) -> Option<Self> {
        match request.parameter("client_assertion_type") {
            Some(JWT_SPIFFE) => Some(Self::Spiffe),
            Some(JWT_BEARER) if is_foreign(request) => Some(Self::Bearer),
            _ => None,
        }
    }
}

fn is_foreign(request: &Request<'_>) -> bool {
    request.parameter("client_assertion").is_some_and(|token| Names::of(token).is_foreign())
}

/// Whether the request carries a token for this plug-in, well-formed or not.
pub fn is_engaged(request: &Request<'_>) -> bool {
    TokenKind::of(request).is_some()
}

/// The client that the request claims to come from, unproven; for logs. A token names its subject only.
pub fn claimed_client(request: &Request<'_>) -> Option<String> {
    let named = || request.parameter("client_assertion").and_then(|token| Names::of(token).subject);
    request.parameter("client_id").map(str::to_owned).or_else(named)
}
