//! The HTTP face: routes, answers, limits.
//!
//! Every answer that may hold a token or an error is `no-store`; bodies are bounded before they are read.

pub(crate) mod answer;
mod attempt;
mod authorize;
pub(crate) mod body;
pub(crate) mod client_address;
pub(crate) mod exchange;
pub(crate) mod front;
pub mod host;
mod introspect;
mod metadata;
mod par;
pub(crate) mod post;
pub(crate) mod rate_limit;
mod register;
mod revoke;
mod sent_secret;
mod slash;
mod smart;
mod token;
pub(crate) mod trace;
mod userinfo;

use axum::Router;
use axum::routing::{any, get};

use dropins_config::endpoints;

/// What the pages of another listener are made of.
pub use self::authorize::{Asset, LOGO, TOKENS, html, is_same_origin, see_other, sent_cookie};

use self::slash::RouterExt as _;
use crate::app::App;

/// The public endpoints; none when the server issues no tokens.
pub fn public(app: &App) -> Router {
    let Some(oauth) = app.oauth() else { return Router::new() };
    let clients = Router::new()
        .endpoint(endpoints::TOKEN, any(token::endpoint))
        .endpoint(endpoints::REVOKE, any(revoke::endpoint))
        .endpoint(endpoints::INTROSPECT, any(introspect::endpoint))
        .endpoint(endpoints::PAR, any(par::endpoint))
        .endpoint(endpoints::USERINFO, any(userinfo::endpoint))
        .with_state(oauth.clients.clone());
    let registration = Router::new()
        .endpoint(endpoints::REGISTER, any(register::register))
        .endpoint(endpoints::REGISTERED_CLIENT, any(register::manage))
        .with_state(oauth.registration.clone());
    let [token, discovery] = endpoints::WSO2_METADATA;
    let metadata = Router::new()
        .endpoint(endpoints::JWKS, get(metadata::jwks))
        .endpoint(endpoints::OPENID_METADATA, get(metadata::metadata))
        .endpoint(endpoints::OAUTH_METADATA, get(metadata::metadata))
        .endpoint(token, get(metadata::metadata))
        .endpoint(discovery, get(metadata::metadata))
        .endpoint(endpoints::SMART_METADATA, get(smart::metadata))
        .with_state(oauth.metadata());
    clients.merge(registration).merge(metadata).merge(authorize::router(oauth.pages.clone()))
}
