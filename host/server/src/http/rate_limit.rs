//! `[oauth.rate_limit]`: an address that sends more than its share is answered 429 before anything is read or verified.
//!
//! Trusted proxies are looked through. A request that came over no network has no address and no limit.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;

use super::answer;
use super::client_address;
use crate::app::AuthenticationServices;
use dropins_protocol::{ErrorCode, OAuthError, reference};
use dropins_telemetry::audit;

/// The router behind the limit.
pub(super) fn limited<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    services: Arc<AuthenticationServices>,
) -> Router<S> {
    router.layer(from_fn_with_state(services, check))
}

async fn check(State(services): State<Arc<AuthenticationServices>>, request: Request, next: Next) -> Response {
    match refused(&services, &request) {
        Some(refused) => refused,
        None => next.run(request).await,
    }
}

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
