//! The operator's console: pages at `/console/` of the admin listener.
//!
//! What its pages do, the command line does with the same code: `dropins_operations`, and the documents of the server.
//! Pages are rendered here and work without scripts. `guard` decides which requests come from its own pages, `session`
//! who has signed in; every change is an event of the audit log. No page shows a secret or a private key.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod assets;
mod chart;
mod clients;
mod codes;
mod configuration;
mod decisions;
mod desk;
pub mod documents;
mod guard;
mod journal;
mod keystores;
mod operator;
mod overview;
mod page;
mod plugins;
mod posted;
mod rates;
mod session;
mod sign_in;
mod table;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use dropins_server::admin::{AdminHandles, Extension};

use self::desk::Desk;

/// The console's routes for the admin listener of a server that starts.
pub fn mount(handles: AdminHandles) -> Extension {
    let desk = Arc::new(Desk::new(handles));
    let pages = Router::new()
        .route("/console", get(sign_in::home))
        .route("/console/", get(overview::get))
        .route("/console/static/{name}", get(assets::get))
        .route("/console/sign-in", get(sign_in::get).post(sign_in::post))
        .route("/console/sign-out", post(sign_in::sign_out))
        .route("/console/plugins", get(plugins::get))
        .route("/console/plugins/diff", get(plugins::diff))
        .route("/console/plugins/install", post(plugins::install))
        .route("/console/plugins/reload", post(plugins::reload))
        .route("/console/plugins/rollback", post(plugins::roll_back))
        .route("/console/clients", get(clients::list::get))
        .route("/console/clients/new", get(clients::edit::blank).post(clients::edit::add))
        .route("/console/clients/audience", get(clients::audience::get))
        .route("/console/clients/show", get(clients::show::get))
        .route("/console/clients/edit", get(clients::edit::get).post(clients::edit::change))
        .route("/console/clients/enable", post(clients::switch::enable))
        .route("/console/clients/remove", post(clients::switch::remove))
        .route("/console/clients/keys", post(clients::keys::register))
        .route("/console/clients/jwks-uri", post(clients::keys::set_uri))
        .route("/console/clients/refresh", post(clients::keys::refresh))
        .route("/console/keystores", get(keystores::get))
        .route("/console/keystores/view", get(keystores::view))
        .route("/console/keystores/entry", get(keystores::entry))
        .route("/console/keystores/export", get(keystores::export))
        .route("/console/keystores/import", post(keystores::import))
        .route("/console/keystores/remove", post(keystores::remove))
        .route("/console/decisions", get(decisions::get))
        .route("/console/decisions/show", get(decisions::show))
        .route("/console/decisions/judge", post(decisions::judge))
        .route("/console/configuration", get(configuration::get))
        // Each form has a bound of its own.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&desk), guard::check))
        .with_state(Arc::clone(&desk));
    let guarded = Router::new().route("/console/codes", post(sign_in::code)).with_state(desk);
    Extension { open: pages, guarded }
}
