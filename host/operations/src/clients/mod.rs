//! The clients of a home: looked at, registered, changed, removed.
//!
//! Clients that `deployment.toml` declares are shown, and changed only there. No record is stored that the configuration
//! would reject.

mod change;
mod error;
mod lines;
mod registry;
mod view;
mod work;

pub use change::{Change, Fact};
pub use error::ClientsError;
pub use lines::{ClientLine, Lines, lines};
pub use registry::Registry;
pub use view::{ClientView, KeyView, Origin, SubjectView};
pub use work::{Done, Removed, add, change, remove};
