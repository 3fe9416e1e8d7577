//! What happened and what is so: the audit log, counters, expiring keys, the health of the stores.

pub mod audit;
pub mod expiry;
pub mod health;
pub mod metrics;
pub mod store_size;
