//! What passes between clients and an authorization server behind this one, once the client is authenticated.
//!
//! Paths lead to one upstream or nowhere; headers that a proxy vouches for are never the client's; a body passes byte for
//! byte but for the credential; connections are kept. This crate decides about no client and knows no plug-in.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod account;
mod answer;
mod body;
mod connections;
mod fit;
mod flow;
mod gateway;
mod headers;
mod metadata;
mod metadata_cache;
mod onward;
mod request;
mod roots;
mod routes;
mod send;
mod upstream;

pub use account::{Account, NoAccount};
pub use answer::onward as answer_onward;
pub use body::{Field, rewrite};
pub use connections::Connections;
pub use fit::{Misfit, misfits};
pub use flow::{BoxError, Flow, TooLarge};
pub use gateway::Gateway;
pub use headers::{Arrival, onward as headers_onward};
pub use metadata::{Asked, Methods};
pub use metadata_cache::MetadataError;
pub use request::{Judged, judged, passed};
pub use roots::BadRoots;
pub use routes::Route;
pub use send::SendError;
pub use upstream::Upstream;
