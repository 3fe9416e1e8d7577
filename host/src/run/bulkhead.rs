//! How many requests may be inside one plug-in.
//!
//! Each handler has a bulkhead of its own, so requests to one plug-in never take the places of another's. A request that
//! waits for a service keeps its instance but not its place among those that run. A full bulkhead rejects at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The places of one plug-in.
pub(crate) struct Bulkhead {
    running: Arc<Semaphore>,
    instances: Arc<Semaphore>,
    gauge: Arc<AtomicUsize>,
}

/// The place of one request in one plug-in.
pub(crate) struct Place {
    semaphore: Arc<Semaphore>,
    /// `None` while the request waits for a service.
    running: Option<OwnedSemaphorePermit>,
    _instance: OwnedSemaphorePermit,
    gauge: Arc<AtomicUsize>,
}

impl Bulkhead {
    /// A bulkhead for this many requests that run and this many instances; `gauge` counts the places that are taken.
    pub(crate) fn new(running: usize, instances: usize, gauge: &Arc<AtomicUsize>) -> Self {
        Self {
            running: Arc::new(Semaphore::new(running)),
            instances: Arc::new(Semaphore::new(instances)),
            gauge: Arc::clone(gauge),
        }
    }

    /// A place for one request; `None` if the plug-in is full.
    pub(crate) fn enter(&self) -> Option<Place> {
        let instance = Arc::clone(&self.instances).try_acquire_owned().ok()?;
        let running = Arc::clone(&self.running).try_acquire_owned().ok()?;
        self.gauge.fetch_add(1, Ordering::Relaxed);
        Some(Place {
            semaphore: Arc::clone(&self.running),
            running: Some(running),
            _instance: instance,
            gauge: Arc::clone(&self.gauge),
        })
    }
}

impl Place {
    /// The request waits for a service: another one may run.
    pub(crate) fn pause(&mut self) {
        self.running = None;
    }

    /// The service has answered: runs again as soon as there is room.
    pub(crate) async fn resume(&mut self) {
        self.running = Arc::clone(&self.semaphore).acquire_owned().await.ok();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gauge.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_that_waits_lets_another_run_and_its_instance_still_counts() {
        let gauge = Arc::default();
        let bulkhead = Bulkhead::new(1, 2, &gauge);
        let mut first = bulkhead.enter().unwrap();
        assert!(bulkhead.enter().is_none(), "one runs");
        first.pause();
        let mut second = bulkhead.enter().unwrap();
        second.pause();
        assert!(bulkhead.enter().is_none(), "two have an instance");
        assert_eq!(gauge.load(Ordering::Relaxed), 2);
        first.resume().await;
        drop(first);
        second.resume().await;
        drop(second);
        assert_eq!(gauge.load(Ordering::Relaxed), 0);
        assert!(bulkhead.enter().is_some());
    }
}
