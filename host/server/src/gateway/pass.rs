//! A path of an upstream that needs no client authentication: the request goes there as it comes, and so does the answer.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use axum::response::Response;
use dropins_gateway::{Arrival, SendError, TooLarge, Upstream, passed};
use dropins_live::Live;
use dropins_protocol::{ErrorCode, OAuthError, reference};
use dropins_telemetry::otlp;

use super::failure;
use crate::app::AuthenticationServices;
use crate::http::{answer, client_address};

pub(super) async fn answer(
    live: Arc<Live>,
    services: Arc<AuthenticationServices>,
    upstream: Arc<Upstream>,
    request: Request,
) -> Response {
    let metrics = Arc::clone(&services.metrics);
    forward(live, services, upstream, request).await.unwrap_or_else(|error| {
        metrics.answered(error.code);
        answer::respond(&error, &reference(), false)
    })
}

async fn forward(
    live: Arc<Live>,
    services: Arc<AuthenticationServices>,
    upstream: Arc<Upstream>,
    request: Request,
) -> Result<Response, OAuthError> {
    let config = upstream.config();
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > config.body_limit) {
        return Err(failure::error(&SendError::TooLarge(TooLarge(config.body_limit))));
    }
    let proxies = &live.deployment.transport.trusted_proxies;
    let address = client_address::of(request.extensions(), request.headers(), proxies);
    let arrival = Arrival { address, issuer: &config.issuer };
    let path = request.uri().path().to_owned();
    let request = passed(&upstream, live.gateway.identity_headers(), &arrival, request);
    let mut request =
        request.ok_or_else(|| OAuthError::new(ErrorCode::InvalidRequest, "The URL cannot be forwarded"))?;
    otlp::outgoing(request.headers_mut());
    match upstream.send(request).await {
        Ok(answer) => {
            services.metrics.forwarded(config.issuer.as_str(), answer.status().as_str());
            Ok(answer.map(Body::new))
        }
        Err(error) => {
            services.metrics.forwarded(config.issuer.as_str(), failure::label(&error));
            tracing::warn!(upstream = config.issuer.as_str(), path, %error, "the upstream gave no answer");
            Err(failure::error(&error))
        }
    }
}
