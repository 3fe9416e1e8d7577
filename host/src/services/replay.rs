//! The memory of used assertions.
//!
//! The identity of an assertion is (client, `jti`), never its bytes: ECDSA signatures and base64 are malleable.

use super::{Unavailable, UnixMillis};

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
    /// Whether a cache may answer [`Verdict::Seen`]. [`Verdict::First`] always comes from the store.
    pub cached: bool,
}

/// Whether the assertion was used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
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
    async fn remember(&self, used: Use) -> Result<Verdict, Unavailable>;

    /// What [`ReplayStore::remember`] would say, without remembering anything.
    ///
    /// # Errors
    /// [`Unavailable`] when the store cannot be asked.
    async fn peek(&self, used: Use) -> Result<Verdict, Unavailable>;
}
