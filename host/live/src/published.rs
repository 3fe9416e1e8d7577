//! What is live now, and what publishing a successor entails.

use std::sync::Arc;

use arc_swap::ArcSwap;
use dropins_oauth::clients::Ledger;

use super::live::Live;

/// The live configuration. A request takes one [`Live`] at its beginning and keeps it to its end.
pub struct Published {
    live: ArcSwap<Live>,
    ledger: Arc<Ledger>,
}

impl Published {
    /// Begins with this configuration; `ledger` notes which keys its clients have.
    pub fn new(live: Arc<Live>, ledger: Arc<Ledger>) -> Self {
        ledger.seen(&live.clients);
        Self { live: ArcSwap::new(live), ledger }
    }

    /// The live configuration.
    pub fn current(&self) -> Arc<Live> {
        self.live.load_full()
    }

    /// Which keys are used.
    pub fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    /// Replaces the live configuration and returns the old one; requests that began on it finish on it.
    pub fn publish(&self, live: Arc<Live>) -> Arc<Live> {
        self.ledger.seen(&live.clients);
        live.generation.resume_pooling();
        let old = self.live.swap(Arc::clone(&live));
        if !Arc::ptr_eq(&old, &live) {
            old.generation.release_idle_instances();
        }
        old
    }
}
