//! Replaces what is live while requests are served.
//!
//! ```text
//!  change in a folder · rescan · SIGHUP · POST /reload                   POST /rollback
//!                       │                                                      │
//!  idle ──▶ settle ──▶ read ──▶ compile ──▶ build ──▶ publish ──▶ drain ──▶ idle │
//!                       │           │         │          ▲                     │
//!                 same as live,     └────┬────┘          └── a kept release ◀──┘
//!                 as the last    refused: the live generation stays, with the reason in status, log and metrics;
//!                 rejected, or   for a transient cause the same contents are tried again
//!                 as pinned: idle
//! ```
//!
//! A trigger says no more than "look again": contents decide, not events. A [`Snapshot`](dropins_live::Snapshot) is read
//! once; a [`Release`](dropins_live::Release) is built from it as a whole off the request path, or refused as a whole.
//! Publishing is one store and cannot fail. Nothing is torn down before its successor is live.

#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

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
pub mod service_manager;
mod settle;
mod state;
mod task;
mod watch;

pub use builder::{Builder, Releases};
pub use record::{Kept, Record, Rejected, Report};
pub use reloader::{Reloader, Surroundings, Trigger};
pub use report::{Outcome, ReloadReport};
pub use rollback::Target;
