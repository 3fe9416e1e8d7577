//! A running server: the endpoints in front of what is live.
//!
//! Floors, from below: [`app`] hands endpoints the services that they need; [`http`] and [`admin`] are the endpoints; [`gateway`] forwards
//! requests to servers behind this one, [`authz`] answers proxies that forward them; [`running`] starts and stops all of it. A room uses only rooms below its own. Plug-ins decide about clients; nothing in here does.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod admin;
pub mod app;
pub mod authz;
pub mod gateway;
pub mod http;
mod json;
pub mod rate_limits;
pub mod running;
