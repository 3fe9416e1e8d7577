//! From the files of a home to what serves requests: snapshot, resources, live, release, published.

pub mod advice;
mod error;
mod listeners;
#[expect(clippy::module_inception, reason = "the room is named after its noun")]
mod live;
mod plugins;
mod published;
mod release;
mod replay_settings;
mod report;
mod resources;
pub mod restart;
mod snapshot;
pub mod tls;
mod trials;

pub use error::{BuildError, ResourceError};
pub use live::Live;
pub use published::Published;
pub use release::Release;
pub use replay_settings::{replay_location, replay_settings};
pub use report::LiveError;
pub use resources::{Resources, open_database, plan, risk, stored_clients};
pub use restart::PendingRestart;
pub use snapshot::Snapshot;
pub use trials::Canary;
