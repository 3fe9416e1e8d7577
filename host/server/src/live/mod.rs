//! From the files of a home to what serves requests: snapshot, resources, compiled, live, release, published.

pub mod advice;
mod compiled;
mod error;
mod listeners;
#[expect(clippy::module_inception, reason = "the room is named after its noun")]
mod live;
mod overrides;
mod published;
mod release;
mod replay_settings;
mod report;
mod resources;
pub mod restart;
mod snapshot;
pub mod tls;
mod trials;
mod try_out;

pub(crate) use compiled::uncompiled;
pub use compiled::{Compiled, Inactive};
pub use error::{BuildError, ResourceError};
pub use listeners::is_authenticator;
pub use live::Live;
pub use published::Published;
pub use release::Release;
pub use replay_settings::{replay_location, replay_settings};
pub use report::LiveError;
pub use resources::{Resources, open_database, plan, risk, stored_clients};
pub use restart::PendingRestart;
pub use snapshot::Snapshot;
pub use trials::Canary;
pub use try_out::{Unfit, try_out};
