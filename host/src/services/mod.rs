//! What an embedder provides: the client directory, keys, the replay store and the clock.
//!
//! The host owns no HTTP, no SQL and no file format. It asks these traits, and it fails closed when one of
//! them answers [`Unavailable`]. All of them are shared by every plug-in and every generation.

mod clients;
mod clock;
mod keys;
mod replay;

pub use clients::{ClientDirectory, Registration};
pub use clock::{Clock, FixedClock, SystemClock, UnixMillis};
pub use keys::{KeyDescription, KeyHint, KeyLookupError, KeySource, MAX_CANDIDATES, PublicKey, Unsupported};
pub use replay::{Attempt, Attempted, MAX_RETRY_WINDOW, ReplayStore, Use, Verdict};

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
