//! The answer that lets a request through: who the client is, in four headers.
//!
//! All four are there always, so that the proxy overwrites each one that a client may have sent.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use dropins_host::{Decision, Verdict};

/// The client's id.
const CLIENT_ID: HeaderName = HeaderName::from_static("x-dropins-client-id");
/// How it proved its identity.
const METHOD: HeaderName = HeaderName::from_static("x-dropins-method");
/// The thumbprint of its key.
const KEY: HeaderName = HeaderName::from_static("x-dropins-key");
/// The id under which the decision is logged.
const REFERENCE: HeaderName = HeaderName::from_static("x-dropins-reference");

/// Where there is nothing to say; an empty header may be dropped on the way.
const NONE: &str = "none";

/// Headers of this family are ours alone.
pub(super) const FAMILY: &str = "x-dropins-";

/// The answer. Returns `None` if the client's id cannot be written into a header.
pub(super) fn allowed(client_id: &str, decision: &Decision, reference: &str) -> Option<Response> {
    let method = match &decision.verdict {
        Verdict::Authenticated(client) => client.method.as_str(),
        _ => return None,
    };
    let key = decision.evidence.key.as_ref().map_or(NONE, |key| key.thumbprint.as_str());
    let mut response = Response::new(Body::empty());
    for (name, value) in [(CLIENT_ID, client_id), (METHOD, method), (KEY, key), (REFERENCE, reference)] {
        response.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}
