//! The server around the host: `deployment.toml`, the OAuth and admin endpoints and the command line.
//!
//! `config` reads, `live` builds, `running` serves. Nothing in here decides about a client: that is what the
//! plug-ins are for.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod admin_address;
pub mod app;
pub mod audit;
pub mod authorization;
pub mod canary;
pub mod cli;
pub mod clients;
pub mod config;
pub mod database;
pub mod endpoints;
pub mod expiry;
pub mod grants;
pub mod health;
pub mod home;
pub mod http;
pub mod identity;
pub mod live;
pub mod logging;
pub mod metrics;
pub mod reference;
pub mod reload;
mod replay_load;
pub mod running;
pub mod secret_hash;
pub mod sessions;
pub mod shadow;
pub mod startup;
pub mod status;
pub mod store_size;
pub mod tls;
pub mod tokens;
pub mod users;
