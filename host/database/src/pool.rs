//! A few connections that many callers share.
//!
//! A connection comes back only from a caller that is done with it and well; whatever failed, or was given up in the
//! middle of something, is dropped and made anew when it is needed. One that comes back is believed to be alive, and on
//! the primary, for as long as `PATIENCE` since it proved that: after a fail-over, a server that is read-only now would
//! answer reads for ever.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::StoreError;
#[cfg(feature = "_server")]
use crate::timeouts::PATIENCE;

/// The connections.
pub(crate) struct Pool<C> {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Idle<C>>>>,
}

/// A connection that waits for a caller.
struct Idle<C> {
    connection: C,
    proven: Instant,
}

/// The right to one connection.
pub(crate) struct Permit<C> {
    idle: Arc<Mutex<Vec<Idle<C>>>>,
    /// When the connection of this permit proved itself.
    proven: Instant,
    _permit: OwnedSemaphorePermit,
}

impl<C> Pool<C> {
    /// A pool of at most so many connections, none of them made yet.
    pub(crate) fn new(size: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(size)), idle: Arc::default() }
    }

    /// Waits until the caller may have a connection.
    pub(crate) async fn permit(&self) -> Result<Permit<C>, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(StoreError::unavailable)?;
        Ok(Permit { idle: Arc::clone(&self.idle), proven: Instant::now(), _permit: permit })
    }
}

impl<C> Permit<C> {
    /// The connection that was used last, if one is idle.
    pub(crate) fn idle(&mut self) -> Option<C> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()?;
        self.proven = idle.proven;
        Some(idle.connection)
    }

    #[cfg(feature = "_server")]
    /// Whether the connection proved itself a moment ago.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven.elapsed() < PATIENCE
    }

    #[cfg(feature = "_server")]
    /// Notes that the connection proves itself now.
    pub(crate) fn prove(&mut self) {
        self.proven = Instant::now();
    }

    /// Keeps a connection for the next caller.
    pub(crate) fn keep(self, connection: C) {
        let idle = Idle { connection, proven: self.proven };
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }
}
