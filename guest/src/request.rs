//! Which requests are of this plug-in's kind, and whom they claim to come from.

use dropins_plugin::Request;
use dropins_plugin::assertion::{JWT_BEARER, Names};

use crate::policy::ForeignIssuers;

/// The `typ` of an assertion that is for client authentication and nothing else (draft-ietf-oauth-rfc7523bis).
pub(crate) const TYPED: &str = "client-authentication+jwt";

/// The accepted values of `typ`, beside its absence.
pub(crate) const TYPES: [&str; 2] = ["JWT", TYPED];

/// Whether the request carries an assertion for this plug-in, well-formed or not.
///
/// With [`ForeignIssuers::Leave`] a jwt-bearer assertion that decodes, and whose `iss` and `sub` are strings that differ,
/// belongs to another plug-in.
pub fn is_engaged(request: &Request<'_>, foreign: ForeignIssuers) -> bool {
    let (assertion, kind) = (request.parameter("client_assertion"), request.parameter("client_assertion_type"));
    let left = || {
        foreign == ForeignIssuers::Leave
            && kind == Some(JWT_BEARER)
            && assertion.is_some_and(|token| Names::of(token).is_foreign())
    };
    (assertion.is_some() || kind.is_some()) && !left()
}

/// The client that the request claims to come from, unproven; for logs.
pub fn claimed_client(request: &Request<'_>) -> Option<String> {
    let named = request.parameter("client_assertion").and_then(|token| Names::of(token).subject);
    named.or_else(|| request.parameter("client_id").map(str::to_owned))
}
