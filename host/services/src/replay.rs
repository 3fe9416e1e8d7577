//! The memory of used assertions.
//!
//! The identity of an assertion is (client, `jti`), never its bytes: ECDSA signatures and base64 are malleable.

use std::time::Duration;

use super::{Unavailable, UnixMillis};

/// The longest time in which a retry can be forgiven.
pub const MAX_RETRY_WINDOW: Duration = Duration::from_secs(300);

/// The request behind a use, as far as its repetition must be told from a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// SHA-256 over the request: endpoint, form and the headers that carry credentials, and never a time.
    pub digest: [u8; 32],
    /// How long after the first attempt a retry may be forgiven; at most [`MAX_RETRY_WINDOW`].
    pub window: Duration,
}

/// The use of one assertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The client.
    pub client_id: String,
    /// The assertion's `jti`.
    pub jti: String,
    /// The assertion's `iat`, seconds since the Unix epoch; for people who read the table.
    pub issued_at: Option<u64>,
    /// When the pair is free again, seconds since the Unix epoch.
    pub expires_at: u64,
    /// The time of this decision: a pair that expired before it is free.
    pub now: UnixMillis,
    /// Whether a cache may answer [`Memory::Seen`]. [`Memory::First`] always comes from the store.
    pub cached: bool,
    /// The request, when its repetition may be forgiven after a server error.
    pub attempt: Option<Attempt>,
}

/// A use with an [`Attempt`] that the store did not reject. The host keeps it until the request is answered. It is not
/// `Clone`: the request that was told [`Memory::First`] can return its use at most once.
#[derive(Debug, PartialEq, Eq)]
pub struct Attempted {
    /// The use.
    pub used: Use,
    /// Whether it was told [`Memory::First`]; otherwise the store was unavailable, and what became of it is unknown.
    pub first: bool,
}

/// Whether the assertion was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The first use; it is durably remembered.
    First,
    /// It was used before and has not expired.
    Seen,
}

/// Remembers used assertions, for all nodes.
#[async_trait::async_trait]
pub trait ReplayStore: Send + Sync {
    /// Remembers the use in one atomic step and tells whether it was the first.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be asked, or was too slow: the use may or may not be
    /// remembered, and the request must fail.
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable>;

    /// What [`ReplayStore::remember`] would say, without remembering anything.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be asked.
    async fn peek(&self, used: Use) -> Result<Memory, Unavailable>;

    /// Learns that the request of this use was answered with a server error (5xx) and got nothing. If the store knows
    /// that this very use was the first of its pair, it may answer [`Memory::First`] once more: to the next use of the
    /// same pair with the same [`Attempt`]. By default nothing is forgiven.
    fn forgive(&self, attempted: Attempted) {
        drop(attempted);
    }
}
