//! Judges a client's request for a proxy, as at our own endpoints.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use dropins_config::{Authz, JudgedEndpoint, is_plain_path};
use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::{ErrorCode, OAuthError, reference};

use super::allowed::allowed;
use super::asked::Asked;
use super::proxy::Proxy;
use super::shortfall::Shortfall;
use super::waiting::Waiting;
use crate::app::{Authenticates, AuthenticationServices};
use crate::http::exchange::{Called, Exchange, Public};
use crate::http::{answer, body};

/// What the answer to a proxy uses.
struct Asking {
    authentication: Arc<AuthenticationServices>,
    authz: Authz,
    proxy: Proxy,
    endpoint: JudgedEndpoint,
}

impl Authenticates for Asking {
    fn authentication(&self) -> &AuthenticationServices {
        &self.authentication
    }
}

/// 200 with the client's headers, or the answer for the client.
pub(super) async fn judge(authentication: Arc<AuthenticationServices>, asked: Asked) -> Response {
    let waiting = Waiting::begin(asked.proxy);
    let response = judged(authentication, asked).await;
    waiting.answered();
    response
}

async fn judged(authentication: Arc<AuthenticationServices>, asked: Asked) -> Response {
    let (proxy, live) = (asked.proxy, authentication.published.current());
    let refused = |error: &OAuthError, why: &str, setting: &str| {
        let reference = reference();
        tracing::warn!(reference, proxy = proxy.name(), setting, "{why}");
        answer::respond(error, &reference, false)
    };
    let Some((proxy, request)) = asked.request() else {
        let short = Shortfall::NoTarget;
        return refused(&short.error(), "the proxy does not say what is called", proxy.setting(short));
    };
    let path = request.uri().path();
    let found = live.deployment.transport.authz.clone().filter(|_| is_plain_path(path));
    let found = found.and_then(|authz| Some((authz.judged.find(path)?, authz)));
    let Some((endpoint, authz)) = found else {
        let error = OAuthError::new(ErrorCode::NotFound, "No client is authenticated at this path");
        let why = "the proxy asks about a path that is not judged; ask about the judged ones only";
        return refused(&error, why, "transport.authz.token_endpoint and its like");
    };
    let asking = Asking { authentication, authz, proxy, endpoint };
    Exchange::answer_on(live, asking, request, handle).await
}

async fn handle(exchange: &mut Exchange<Asking>, request: Request) -> Result<Response, OAuthError> {
    let request = whole(exchange, request).await?;
    let post = exchange.read(request).await?;
    let Asking { authz, endpoint, .. } = &exchange.services;
    let url = |endpoint| authz.judged.path(endpoint).map(|path| authz.issuer.endpoint(path)).unwrap_or_default();
    let called = Called {
        issuer: authz.issuer.as_str().to_owned(),
        token_endpoint: url(JudgedEndpoint::Token),
        endpoint: url(*endpoint),
    };
    // What no plug-in claims is never let through: the proxy could not tell who it is.
    let (client, decision) = exchange.authenticate_at(&post, called, Public::Refused).await?;
    allowed(client.id(), &decision, &exchange.reference).ok_or_else(|| {
        let error = OAuthError::new(ErrorCode::ServerError, "The server failed to name the client");
        let reason = "its id cannot be written into a header".into();
        exchange.refused(&client, "authz", GrantRefusal { error, reason })
    })
}

/// The request, if all of it arrived.
async fn whole(exchange: &Exchange<Asking>, request: Request) -> Result<Request, OAuthError> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(&parts.headers, body).await.map_err(|error| exchange.malformed(error))?;
    if let Some(short) = Shortfall::of(&parts.method, &parts.headers, &bytes) {
        let (reference, proxy) = (exchange.reference.as_str(), exchange.services.proxy);
        tracing::warn!(
            reference,
            proxy = proxy.name(),
            setting = proxy.setting(short),
            "the proxy holds back a part of the request"
        );
        return Err(exchange.malformed(short.error()));
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}
