//! The HTTP face: routes, answers, limits.
//!
//! Every answer that may hold a token or an error is `no-store`; bodies are bounded before they are read.

mod admin;
mod admin_access;
mod attempt;
mod authorize;
mod body;
mod client;
mod client_address;
pub mod error;
mod first_bytes;
mod form;
mod introspect;
pub mod listen;
mod metadata;
mod par;
mod post;
mod register;
mod revoke;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get};

pub(crate) use client::Authenticated;
pub use form::{Form, FormError, is_form};

use crate::app::App;
use crate::endpoints;
use crate::reload::Reloader;

/// The public endpoints.
pub fn public(app: Arc<App>) -> Router {
    Router::new()
        .route(endpoints::TOKEN, any(token::endpoint))
        .route(endpoints::REVOKE, any(revoke::endpoint))
        .route(endpoints::INTROSPECT, any(introspect::endpoint))
        .route(endpoints::PAR, any(par::endpoint))
        .route(endpoints::REGISTER, any(register::register))
        .route(endpoints::REGISTERED_CLIENT, any(register::manage))
        .route(endpoints::JWKS, get(metadata::jwks))
        .route(endpoints::OPENID_METADATA, get(metadata::metadata))
        .route(endpoints::OAUTH_METADATA, get(metadata::metadata))
        .merge(authorize::router())
        .with_state(app)
}

/// The admin endpoints.
pub fn admin(app: Arc<App>, reloader: Arc<Reloader>) -> Router {
    admin::router(app, reloader)
}

/// A JSON answer that nobody may store.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
