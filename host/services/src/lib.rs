//! What passes between an identity server and the host of its plug-ins: four services, listener entries and limits.
//!
//! The host owns no HTTP, no SQL and no file format. It calls these traits and fails closed if one of them returns
//! [`Unavailable`]. All plug-ins and all generations share the same services. This crate holds plain data and traits;
//! it knows no WebAssembly, so key sources and replay stores build without it.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod clients;
mod clock;
mod digest;
mod keys;
mod limits;
mod listener;
mod replay;

pub use clients::{ClientDirectory, Registration};
pub use clock::{Clock, FixedClock, SystemClock, UnixMillis};
pub use digest::{Digest, DigestFormat};
pub use keys::{KeyDescription, KeyHint, KeyLookupError, KeySource, MAX_CANDIDATES, PublicKey, Unsupported};
pub use limits::Limits;
pub use listener::{Binding, Isolation, Listener};
pub use replay::{Attempt, Attempted, MAX_RETRY_WINDOW, Memory, ReplayStore, Use};

use std::sync::Arc;

/// A part that a safe answer needs is down or too slow; the request fails closed with 503.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} is unavailable: {detail}")]
pub struct Unavailable {
    /// Which part: `replay store`.
    pub part: &'static str,
    /// What happened, for the log.
    pub detail: String,
}

impl Unavailable {
    /// Names the part and says what happened.
    pub fn new(part: &'static str, detail: impl std::fmt::Display) -> Self {
        Self { part, detail: detail.to_string() }
    }
}

/// The services of one server, handed to every call.
#[derive(Clone)]
pub struct Services {
    /// Registered clients.
    pub clients: Arc<dyn ClientDirectory>,
    /// Public keys of clients.
    pub keys: Arc<dyn KeySource>,
    /// Used assertions.
    pub replay: Arc<dyn ReplayStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}
