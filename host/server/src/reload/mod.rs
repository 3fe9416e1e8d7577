//! Replaces what is live while requests are served.
//!
//! ```text
//!  change in a folder · rescan · SIGHUP · POST /reload           POST /rollback
//!                       │                                             │
//!  idle ──▶ settle ──▶ read ──▶ build ──▶ publish ──▶ drain ──▶ idle  │
//!                       │         │          ▲                        │
//!                 same as live,   │          └───── a kept edition ◀──┘
//!                 as the last   refused: the live generation stays,
//!                 rejected, or    the reason stands in status, log and metrics, and when it may
//!                 as pinned: idle  pass by itself, the same contents are tried again after a while
//! ```
//!
//! A trigger says no more than "look again": contents decide, not events. A [`Snapshot`] is read once and never
//! opened again; an [`Edition`] is built from it as a whole off the request path, or refused as a whole. Publishing is
//! one store and cannot fail. Nothing is torn down before its successor is live.

mod drain;
mod edition;
mod history;
mod record;
mod reloader;
mod restart;
mod retry;
mod rollback;
mod settle;
mod snapshot;
mod state;
mod task;
mod verdict;
mod watch;

pub use edition::Edition;
pub use record::{Kept, Record, Rejected, Report};
pub use reloader::{Reloader, Trigger};
pub use restart::Held;
pub use rollback::Target;
pub use snapshot::Snapshot;
pub use task::Task;
pub use verdict::{Outcome, Verdict};
