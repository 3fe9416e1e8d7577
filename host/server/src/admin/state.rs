//! What the admin routes are handed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dropins_config::home::HomeId;

use crate::app::AdminServices;
use dropins_reload::Reloader;

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The socket in the home: its user, or root.
    Socket,
    /// `[transport.admin]`: every program that reaches the address.
    Tcp,
}

/// Which home the server serves.
#[derive(Debug, Clone)]
pub struct ServedHome {
    /// Its folder.
    pub root: PathBuf,
    /// Its id.
    pub id: HomeId,
}

/// What the admin routes are handed.
#[derive(Clone)]
pub(super) struct AdminState {
    pub(super) services: AdminServices,
    pub(super) reloader: Arc<Reloader>,
    pub(super) home: ServedHome,
    pub(super) door: Door,
    pub(super) rejected: Arc<Rejected>,
}

/// The least time between two lines of the log about rejected requests.
const PAUSE: Duration = Duration::from_secs(10);

/// Says when the next line about rejected requests is due: one in [`PAUSE`], however many there are.
#[derive(Default)]
pub(super) struct Rejected(Mutex<Option<Instant>>);

impl Rejected {
    pub(super) fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = last.is_none_or(|last| last.elapsed() >= PAUSE);
        if due {
            *last = Some(Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_rejections_are_one_line() {
        let rejected = Rejected::default();
        assert!(rejected.is_due() && !(0..100).any(|_| rejected.is_due()));
    }
}
