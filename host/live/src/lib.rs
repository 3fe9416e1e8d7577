//! From the files of a home to what serves requests: snapshot, resources, compiled, live, release, published.
//!
//! A [`Release`] is built as a whole, or rejected as a whole with every problem at its place in the file.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod advice;
mod compiled;
mod error;
mod listeners;
mod live;
mod overrides;
mod published;
mod release;
mod replay_settings;
mod report;
mod resources;
pub mod restart;
mod snapshot;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod tls;
mod trials;
mod try_out;
mod upstreams;

pub use compiled::{Compiled, Inactive, Plugins, uncompiled};
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
pub use trials::{Canary, assumed_services};
pub use try_out::{Tried, Unfit, try_out};
pub use upstreams::upstream_lack;
