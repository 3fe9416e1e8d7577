//! An endpoint of an upstream that authenticates clients.
//!
//! The client proves its identity here, as at our own endpoint; the request goes on with the upstream's credential, and
//! the answer comes back as it is. The assertion is used up, and may be repeated only if no byte of the request can have
//! reached the upstream.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use dropins_config::JudgedEndpoint;
use dropins_gateway::{Account, Arrival, Judged, Upstream, judged};
use dropins_live::Live;
use dropins_oauth::grants::GrantRefusal;
use dropins_protocol::names::CLIENT_CREDENTIALS;
use dropins_protocol::{ErrorCode, OAuthError};
use dropins_telemetry::otlp;

use super::failure;
use crate::app::{Authenticates, AuthenticationServices};
use crate::http::exchange::{Called, Exchange, Public};
use crate::http::post::FormPost;

/// What an authenticated client is refused, in the log.
const WHAT: &str = "upstream";

/// What a judged path uses.
struct Forwarding {
    authentication: Arc<AuthenticationServices>,
    upstream: Arc<Upstream>,
    endpoint: JudgedEndpoint,
}

impl Authenticates for Forwarding {
    fn authentication(&self) -> &AuthenticationServices {
        &self.authentication
    }
}

pub(super) async fn answer(
    live: Arc<Live>,
    authentication: Arc<AuthenticationServices>,
    upstream: Arc<Upstream>,
    endpoint: JudgedEndpoint,
    request: Request,
) -> Response {
    let forwarding = Forwarding { authentication, upstream, endpoint };
    Exchange::answer_on(live, forwarding, request, handle).await
}

async fn handle(exchange: &mut Exchange<Forwarding>, request: Request) -> Result<Response, OAuthError> {
    let (upstream, endpoint) = (Arc::clone(&exchange.services.upstream), exchange.services.endpoint);
    let headers = request.headers().clone();
    let target = request.uri().path_and_query().map_or_else(String::new, |target| target.as_str().to_owned());
    let post = exchange.read(request).await?;
    let called = called(&upstream, endpoint);
    let (client, _) = exchange.authenticate_at(&post, called, public(endpoint, &post)).await?;

    let live = Arc::clone(&exchange.live);
    let (config, registered) = (upstream.config(), client.registered());
    let only = live.gateway.is_single();
    let account = Account::of(client.id(), &registered.upstream, client.is_authenticated(), config, only);
    let account = account.map_err(|lack| {
        let error = OAuthError::new(ErrorCode::UnauthorizedClient, "The client may not use this server");
        exchange.refused(&client, WHAT, GrantRefusal { error, reason: lack.to_string().into() })
    })?;
    let grant = post.form.get("grant_type");
    if client.not_after.is_some() && endpoint == JudgedEndpoint::Token && grant != Some(CLIENT_CREDENTIALS) {
        let error = OAuthError::new(ErrorCode::UnauthorizedClient, "The client may not use this grant");
        let reason = "its assertion may be used again: client_credentials only".into();
        return Err(exchange.refused(&client, WHAT, GrantRefusal { error, reason }));
    }
    let arrival = Arrival { address: exchange.address, issuer: &config.issuer };
    let request = Judged { endpoint, target: &target, headers: &headers, body: &post.body, account };
    let mut request = judged(&upstream, live.gateway.identity_headers(), &arrival, &request).ok_or_else(|| {
        let error = OAuthError::new(ErrorCode::ServerError, "The server failed to forward the request");
        let reason = "its id or secret at the upstream cannot be written into a header".into();
        exchange.refused(&client, WHAT, GrantRefusal { error, reason })
    })?;
    otlp::outgoing(request.headers_mut());
    let metrics = Arc::clone(&exchange.services.authentication.metrics);
    match upstream.send(request).await {
        Ok(answer) => {
            exchange.keep_used();
            metrics.forwarded(config.issuer.as_str(), answer.status().as_str());
            Ok(answer.map(Body::new))
        }
        Err(error) => {
            if !failure::is_unsent(&error) {
                exchange.keep_used();
            }
            metrics.forwarded(config.issuer.as_str(), failure::label(&error));
            tracing::warn!(reference = exchange.reference, upstream = config.issuer.as_str(), %error, "the upstream gave no answer");
            let refusal = GrantRefusal { error: failure::error(&error), reason: error.to_string().into() };
            Err(exchange.refused(&client, WHAT, refusal))
        }
    }
}

/// The URLs that assertions for this endpoint may name.
fn called(upstream: &Upstream, endpoint: JudgedEndpoint) -> Called {
    Called {
        issuer: upstream.config().issuer.as_str().to_owned(),
        token_endpoint: upstream.endpoint(JudgedEndpoint::Token).unwrap_or_default(),
        endpoint: upstream.endpoint(endpoint).unwrap_or_default(),
    }
}

/// A client without a credential may do what itself is no proof of being a client, as at our own endpoints: it may not
/// introspect (RFC 7662 section 2.1), nor have a token of its own (RFC 6749 section 4.4).
fn public(endpoint: JudgedEndpoint, post: &FormPost) -> Public {
    match endpoint {
        JudgedEndpoint::Introspection => Public::Refused,
        JudgedEndpoint::Token if post.form.get("grant_type") == Some(CLIENT_CREDENTIALS) => Public::Refused,
        _ => Public::Accepted,
    }
}
