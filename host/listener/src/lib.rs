//! Listeners that slow, silent or many clients cannot exhaust, and that stop without losing a request.
//!
//! [`Bound`] is an address; [`Connections`] bounds the connections of one listener or of several together. This crate
//! serves any router and knows no OAuth.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod activity;
mod admitted;
mod bound;
mod connections;
mod descriptors;
mod first_bytes;
mod inherited;
mod watched;

pub use bound::{BindError, Bound, stop};
pub use connections::{Connections, Limits};
pub use descriptors::raise as raise_descriptors;
pub use inherited::{Inherited, InheritedError};
