//! The request that an upstream receives: the client's, with our headers and, at a judged path, the upstream's credential.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use dropins_config::{JudgedEndpoint, UpstreamCredential};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use zeroize::Zeroizing;

use crate::account::Account;
use crate::body::{Field, rewrite};
use crate::flow::{BoxError, Flow};
use crate::headers::{Arrival, onward};
use crate::onward::Onward;
use crate::upstream::Upstream;

/// What a client proves itself with here, and the upstream never hears.
const CREDENTIALS: [&str; 3] = ["client_assertion", "client_assertion_type", "client_secret"];

/// A request of an authenticated client, read to its end.
pub struct Judged<'a> {
    /// The endpoint that was called.
    pub endpoint: JudgedEndpoint,
    /// Path and query as they were sent.
    pub target: &'a str,
    /// The headers as they were sent.
    pub headers: &'a HeaderMap,
    /// The form as it was sent.
    pub body: &'a [u8],
    /// Who the client is at the upstream.
    pub account: Account<'a>,
}

/// The request of an authenticated client. `identity` as in [`onward`]. Returns `None` if it cannot be written as HTTP.
pub fn judged(
    upstream: &Upstream,
    identity: &[HeaderName],
    arrival: &Arrival<'_>,
    request: &Judged<'_>,
) -> Option<Onward> {
    let Judged { account, .. } = request;
    let credential = &upstream.config().credential;
    let mut headers = onward(request.headers, identity, arrival);
    headers.remove(header::AUTHORIZATION);
    // The form was read as UTF-8; an upstream that honours another charset would read another one.
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let in_body = account.is_named_in_body(credential, request.endpoint);
    let mut fields = vec![Field { name: "client_id", value: account.id, wanted: in_body }];
    match (credential, account.secret) {
        (UpstreamCredential::Basic, Some(secret)) => {
            headers.insert(header::AUTHORIZATION, basic(account.id, secret.expose())?);
        }
        (UpstreamCredential::Post, Some(secret)) => {
            fields.push(Field { name: "client_secret", value: secret.expose(), wanted: true });
        }
        (UpstreamCredential::Header(name), _) if account.authenticated => {
            headers.insert(name.clone(), HeaderValue::from_str(account.id).ok()?);
        }
        _ => {}
    }
    let body = Full::new(Bytes::from(rewrite(request.body, &CREDENTIALS, &fields)));
    let body = body.map_err(|never| match never {}).boxed_unsync();
    request_to(upstream, Method::POST, request.target, headers, body)
}

/// A request that passes unjudged.
pub fn passed<B>(
    upstream: &Upstream,
    identity: &[HeaderName],
    arrival: &Arrival<'_>,
    request: Request<B>,
) -> Option<Onward>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let headers = onward(&parts.headers, identity, arrival);
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let config = upstream.config();
    let body = Flow::new(body, Some(config.body_limit), config.read_timeout);
    request_to(upstream, parts.method, target, headers, body.boxed_unsync())
}

pub(crate) fn request_to(
    upstream: &Upstream,
    method: Method,
    target: &str,
    headers: HeaderMap,
    body: UnsyncBoxBody<Bytes, BoxError>,
) -> Option<Onward> {
    let uri = Uri::try_from(upstream.config().target.join(target)).ok()?;
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Some(request)
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
fn basic(id: &str, secret: &str) -> Option<HeaderValue> {
    let encoded = |text: &str| Zeroizing::new(form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>());
    let pair = Zeroizing::new(format!("{}:{}", *encoded(id), *encoded(secret)));
    let mut value = HeaderValue::try_from(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes()))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests;
