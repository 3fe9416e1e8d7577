//! Sessions on the primary that callers share.
//!
//! A caller whose work succeeded returns its session to the pool; a session whose work failed or was dropped midway is
//! never used again. A pooled session is trusted for a while after it was verified, and then asked whether it is alive and
//! on the primary: a former primary would answer reads forever.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use crate::error::StoreError;
use crate::pool::{Permit, Pool};
use crate::timeouts::PATIENCE;

/// Begins sessions of one engine.
pub trait Connect: Send + Sync {
    /// A session.
    type Session: Send;

    /// A new session on the primary.
    fn connect(&self) -> impl Future<Output = Result<Self::Session, StoreError>> + Send;

    /// Whether the session is alive and its server is the primary.
    fn is_on_primary(&self, session: &mut Self::Session) -> impl Future<Output = bool> + Send;

    /// Whether the session is known to be lost, without asking the server.
    fn is_lost(&self, _session: &Self::Session) -> bool {
        false
    }
}

/// Sessions that callers share.
pub struct Sessions<C: Connect> {
    connector: C,
    pool: Pool<C::Session>,
    trust: Duration,
}

/// A session, for one caller. Dropped, it is closed.
pub struct Lease<S> {
    session: S,
    permit: Permit<S>,
}

impl<C: Connect> Sessions<C> {
    /// At most so many sessions, begun when they are needed and trusted for this long.
    pub fn new(connector: C, size: usize, trust: Duration) -> Self {
        Self { connector, pool: Pool::new(size), trust }
    }

    /// Waits for a session that is alive and on the primary.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if none can be begun.
    pub async fn lease(&self) -> Result<Lease<C::Session>, StoreError> {
        let mut permit = self.pool.permit().await?;
        // If the first does not answer, the next is not asked: on a slow server that would take all of the caller's time.
        if let Some(mut session) = permit.idle() {
            let trusted = permit.is_verified_within(self.trust) && !self.connector.is_lost(&session);
            if trusted || self.answers(&mut session).await {
                if !trusted {
                    permit.verified();
                }
                return Ok(Lease { session, permit });
            }
        }
        let session = self.connector.connect().await?;
        permit.verified();
        Ok(Lease { session, permit })
    }

    async fn answers(&self, session: &mut C::Session) -> bool {
        tokio::time::timeout(PATIENCE, self.connector.is_on_primary(session)).await == Ok(true)
    }
}

impl<S> Lease<S> {
    /// Keeps the session for the next caller.
    pub fn return_to_pool(self) {
        self.permit.return_to_pool(self.session);
    }
}

impl<S> Deref for Lease<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.session
    }
}

impl<S> DerefMut for Lease<S> {
    fn deref_mut(&mut self) -> &mut S {
        &mut self.session
    }
}
