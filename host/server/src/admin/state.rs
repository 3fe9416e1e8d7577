//! What the admin routes are handed.

use std::sync::Arc;

use crate::app::AdminServices;
use crate::reload::Reloader;

/// What the admin routes are handed.
#[derive(Clone)]
pub(super) struct AdminState {
    pub(super) services: AdminServices,
    pub(super) reloader: Arc<Reloader>,
}
