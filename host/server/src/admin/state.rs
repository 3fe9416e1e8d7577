//! What the admin routes are handed.

use std::path::PathBuf;
use std::sync::Arc;

use dropins_config::home::HomeId;

use crate::app::AdminServices;
use crate::reload::Reloader;

/// Where a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The socket in the home: its user, or root.
    Socket,
    /// `[transport.admin]`: everyone who reaches the address.
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
}
