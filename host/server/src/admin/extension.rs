//! What a program adds to the admin listener: the operator's console.
//!
//! The server hands over what the admin endpoints are handed, and mounts the routes that it gets.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use dropins_config::Environment;

use super::state::ServedHome;
use crate::app::AdminServices;
use dropins_reload::Reloader;

/// What an addition is handed.
#[derive(Clone)]
pub struct AdminHandles {
    /// What the admin endpoints show and tend.
    pub services: AdminServices,
    /// Replaces what is live.
    pub reloader: Arc<Reloader>,
    /// The home that is served.
    pub home: ServedHome,
    /// What placeholders in the configuration refer to.
    pub environment: Environment,
    /// The address of the admin listener.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// Routes beside those of the admin listener.
#[derive(Clone, Default)]
pub struct Extension {
    /// Served at the address alone; they guard themselves.
    pub open: Router,
    /// Guarded as the admin endpoints are, at every door.
    pub guarded: Router,
}

/// Makes the routes when a server starts.
pub type Extend = fn(AdminHandles) -> Extension;
