//! Runs components: the engine, the limits of a call, what is linked to a plug-in, and the adapter of each version of
//! the contract.
//!
//! A plug-in that reaches a limit fails its own request, and no other.

pub(crate) mod background;
pub(crate) mod breaker;
pub(crate) mod budget;
pub(crate) mod bulkhead;
pub(crate) mod call;
pub(crate) mod compile_cache;
pub(crate) mod compiler;
pub(crate) mod described;
pub(crate) mod engine;
pub(crate) mod epoch;
pub(crate) mod failure;
pub(crate) mod guest_log;
pub(crate) mod memory;
pub(crate) mod patience;
pub(crate) mod plugin;
pub(crate) mod plugin_log;
pub(crate) mod settlement;
pub(crate) mod shelf;
mod transcript;
pub(crate) mod v0_2;
pub(crate) mod verdict;
mod wasi;
pub(crate) mod worker;
