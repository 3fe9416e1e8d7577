//! Connections that wait for the next caller, and permits that bound their number.

use std::sync::Arc;
#[cfg(feature = "_server")]
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::StoreError;

/// The connections.
pub(crate) struct Pool<C> {
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Idle<C>>>>,
}

/// A connection that waits for a caller.
struct Idle<C> {
    connection: C,
    verified: Instant,
}

/// The right to one connection.
pub(crate) struct Permit<C> {
    idle: Arc<Mutex<Vec<Idle<C>>>>,
    /// When the connection of this permit was verified.
    verified: Instant,
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
        Ok(Permit { idle: Arc::clone(&self.idle), verified: Instant::now(), _permit: permit })
    }
}

impl<C> Permit<C> {
    /// The connection that was used last, if one is idle.
    pub(crate) fn idle(&mut self) -> Option<C> {
        let idle = self.idle.lock().pop()?;
        self.verified = idle.verified;
        Some(idle.connection)
    }

    /// Whether the connection was verified at most so long ago.
    #[cfg(feature = "_server")]
    pub(crate) fn is_verified_within(&self, time: Duration) -> bool {
        self.verified.elapsed() < time
    }

    /// Notes that the connection was verified just now.
    #[cfg(feature = "_server")]
    pub(crate) fn verified(&mut self) {
        self.verified = Instant::now();
    }

    /// Keeps a connection for the next caller.
    pub(crate) fn return_to_pool(self, connection: C) {
        self.idle.lock().push(Idle { connection, verified: self.verified });
    }
}
