//! `[oauth.rate_limit]`: an address that sends more than its share is answered 429 before anything is read or verified.
//!
//! Trusted proxies are looked through. A request that came over no network has no address and no limit.

use axum::extract::Request;
use axum::response::Response;

use super::answer;
use super::client_address;
use crate::app::AuthenticationServices;
use dropins_protocol::{ErrorCode, OAuthError, reference};
use dropins_telemetry::audit;

/// The answer to an address that sends more than its share.
pub(crate) fn refused(services: &AuthenticationServices, request: &Request) -> Option<Response> {
    let live = services.published.current();
    let rate = live.deployment.oauth.rate_limit?;
    let proxies = &live.deployment.transport.trusted_proxies;
    let address = client_address::of(request.extensions(), request.headers(), proxies)?;
    let seconds = services.rate_limits.check(rate, address).err()?;
    let (reference, error) = (reference(), too_many(seconds));
    services.metrics.answered(error.code);
    services.metrics.rate_limited();
    audit::rate_limited(&reference, address);
    let now = services.clock.now_seconds();
    services.decisions.rejected(now, &reference, Some(address), "rate-limited", None, &error);
    Some(answer::respond(&error, &reference, false))
}

fn too_many(seconds: u64) -> OAuthError {
    OAuthError::new(ErrorCode::TooManyRequests { seconds }, "Too many requests from this address; try again later")
}
