//! The operator behind a request: a browser with the cookie of a session that lives.
//!
//! A request without one is led to the sign-in page.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use axum::response::Response;
use dropins_server::http::{see_other, sent_cookie};

use crate::desk::Desk;
use crate::session::By;

/// The operator behind a request.
pub(crate) struct Operator {
    /// The id of the session.
    pub(crate) session: String,
    /// What each form carries.
    pub(crate) csrf: String,
    pub(crate) by: By,
    pub(crate) address: Option<IpAddr>,
}

impl FromRequestParts<Arc<Desk>> for Operator {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Response> {
        find(desk, &parts.headers, &parts.extensions).ok_or_else(|| see_other("/console/sign-in"))
    }
}

/// The operator that these headers are of.
pub(crate) fn find(desk: &Desk, headers: &HeaderMap, extensions: &Extensions) -> Option<Operator> {
    let session = sent_cookie(headers, cookie_name(desk.handles.tls))?;
    let live = desk.live();
    let token = live.deployment.transport.admin.token.as_ref().map(|token| token.expose());
    let signed = desk.sessions.find(session, token)?;
    let session = session.to_owned();
    Some(Operator { session, csrf: signed.csrf, by: signed.by, address: address(extensions) })
}

/// Where a request comes from.
pub(crate) fn address(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical())
}

/// The `Set-Cookie` header of a session, which ends with the browser; without an id it removes the cookie.
pub(crate) fn cookie(id: Option<&str>, tls: bool) -> Option<HeaderValue> {
    let (id, ended) = id.map_or(("", "; Max-Age=0"), |id| (id, ""));
    let secure = if tls { "; Secure" } else { "" };
    let cookie = format!("{}={id}; Path=/console/; HttpOnly; SameSite=Strict{secure}{ended}", cookie_name(tls));
    HeaderValue::try_from(cookie).ok().map(|mut cookie| {
        cookie.set_sensitive(true);
        cookie
    })
}

/// With the prefix `__Secure-` (RFC 6265bis section 4.1.3.1) no plain connection can set it.
fn cookie_name(tls: bool) -> &'static str {
    if tls { "__Secure-dropins-console" } else { "dropins-console" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_for_the_console_alone_and_for_no_script_and_no_other_site() {
        let plain = cookie(Some("id"), false).unwrap();
        assert_eq!(plain.to_str().unwrap(), "dropins-console=id; Path=/console/; HttpOnly; SameSite=Strict");
        let secure = cookie(Some("id"), true).unwrap();
        let expected = "__Secure-dropins-console=id; Path=/console/; HttpOnly; SameSite=Strict; Secure";
        assert_eq!(secure.to_str().unwrap(), expected);
        assert!(cookie(None, false).unwrap().to_str().unwrap().ends_with("Max-Age=0"));
    }
}
