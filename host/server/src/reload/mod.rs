//! Replaces what is live while requests are served.
//!
//! ```text
//!  change in a folder · rescan · SIGHUP · POST /reload           POST /rollback
//!                       │                                             │
//!  idle ──▶ settle ──▶ read ──▶ build ──▶ publish ──▶ drain ──▶ idle  │
//!                       │         │          ▲                        │
//!                 same as live,   │          └───── a kept release ◀──┘
//!                 as the last   refused: the live generation stays,
//!                 rejected, or    the reason stands in status, log and metrics, and when it may
//!                 as pinned: idle  pass by itself, the same contents are tried again after a while
//! ```
//!
//! A trigger says no more than "look again": contents decide, not events. A [`Snapshot`](crate::live::Snapshot) is read once and never
//! opened again; a [`Release`](crate::live::Release) is built from it as a whole off the request path, or refused as a whole. Publishing is
//! one store and cannot fail. Nothing is torn down before its successor is live.

mod builder;
mod drain;
mod history;
mod judging;
mod kept;
mod publishing;
mod reader;
mod record;
mod refusal;
mod reloader;
mod report;
mod retry;
mod rollback;
mod settle;
mod state;
mod task;
mod watch;

pub use builder::{Builder, Releases};
pub use record::{Kept, Record, Rejected, Report};
pub use reloader::{Reloader, Surroundings, Trigger};
pub use report::{Outcome, ReloadReport};
pub use rollback::Target;
