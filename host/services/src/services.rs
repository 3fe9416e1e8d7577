//! The four services together.

use std::sync::Arc;

use crate::clients::ClientDirectory;
use crate::clock::Clock;
use crate::keys::KeySource;
use crate::replay::ReplayStore;

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
