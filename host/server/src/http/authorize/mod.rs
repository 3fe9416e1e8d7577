//! `/oauth2/authorize` and its pages (RFC 6749 section 3.1, OpenID Connect Core section 3.1.2), and those around a session.
//!
//! A request becomes a [`Ticket`] and every step asks anew what is missing: a person, a consent, nothing. The pages
//! work without scripts, post to this server only and are never framed; a post from elsewhere is rejected.
//!
//! [`Ticket`]: tickets::Ticket

mod as_query;
mod assets;
mod begin;
mod consent;
mod cookie;
mod device;
mod end_session;
mod frame;
mod home;
mod html;
mod logout;
mod origin;
mod page;
mod pages;
mod problem;
mod same_origin;
mod scope_words;
mod see_other;
mod sign_in;
mod step;
mod tickets;
mod visit;

pub use self::assets::{Asset, LOGO, TOKENS};
pub use self::cookie::sent as sent_cookie;
pub use self::html::html;
pub use self::same_origin::is_same_origin;
pub use self::see_other::see_other;

use axum::Router;
use axum::routing::{get, post};

use self::pages::Pages;
use super::slash::RouterExt as _;
use crate::app::PageServices;
use dropins_config::endpoints;

/// The endpoint, what its pages post to, and what they are made of.
pub(super) fn router(services: PageServices) -> Router {
    Router::new()
        .endpoint(endpoints::AUTHORIZE, get(begin::get).post(begin::post))
        .endpoint(endpoints::SIGN_IN, post(sign_in::endpoint))
        .endpoint(endpoints::CONSENT, post(consent::endpoint))
        .endpoint(endpoints::LOGOUT, get(logout::get).post(logout::post))
        .endpoint(endpoints::END_SESSION, get(end_session::get).post(end_session::post))
        .endpoint(endpoints::STATIC, get(assets::get))
        .route(endpoints::HOME, get(home::get))
        .with_state(Pages::new(services))
}
