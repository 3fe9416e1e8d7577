//! The admin listener: health, readiness, metrics, status, decisions, reload and rollback.

mod access;
pub mod documents;
pub(crate) mod metrics;
mod refresh;
mod routes;
mod shadow;
mod socket;
mod state;
mod status;

pub use routes::router;
pub use socket::AdminSocket;
pub use state::{Door, ServedHome};
