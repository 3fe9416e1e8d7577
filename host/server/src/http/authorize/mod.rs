//! `/oauth2/authorize` and its pages (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2).
//!
//! A request becomes a [`Ticket`] and every step asks anew what is missing: a person, a consent, nothing. The pages
//! work without scripts, post to this server only and are framed by nobody; a post that comes from elsewhere is refused.
//!
//! [`Ticket`]: crate::sessions::Ticket

mod assets;
mod begin;
mod consent;
mod logout;
mod page;
mod problem;
mod same_origin;
mod scope_words;
mod sign_in;
mod step;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::app::App;
use crate::endpoints;

/// The endpoint, what its pages post to, and what they are made of.
pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route(endpoints::AUTHORIZE, get(begin::get).post(begin::post))
        .route(endpoints::SIGN_IN, post(sign_in::endpoint))
        .route(endpoints::CONSENT, post(consent::endpoint))
        .route(endpoints::LOGOUT, get(logout::get).post(logout::post))
        .route(endpoints::STATIC, get(assets::get))
}

/// A redirect that is always followed with GET, so that no password is ever sent on (RFC 9700 section 4.12).
fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
