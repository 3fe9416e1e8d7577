//! The admin listener: health, readiness, metrics, status, decisions, reload and rollback.

mod access;
mod audiences;
mod decision;
pub mod documents;
mod extension;
pub(crate) mod metrics;
mod refresh;
mod routes;
mod shadow;
mod socket;
mod state;
mod status;

pub use audiences::document as audience_document;
pub use decision::document as decision_document;
pub use extension::{AdminHandles, Extend, Extension};
pub use refresh::{RefreshError, refresh as refresh_keys};
pub use routes::router;
pub use shadow::differences;
pub use socket::AdminSocket;
pub use state::{Door, ServedHome};
pub use status::document as status_document;
