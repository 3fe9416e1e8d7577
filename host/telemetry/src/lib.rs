//! What a dropins server records: the log, the audit log, the last rejections, the audiences that clients send, counters,
//! traces, expiring keys, the health of the stores.
//!
//! Secrets, assertions and codes never reach a record.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod audiences;
pub mod audit;
pub mod clock_jump;
pub mod decisions;
pub mod expiry;
pub mod health;
pub mod logging;
pub mod metrics;
pub mod otlp;
pub mod store_size;
