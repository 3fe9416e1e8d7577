//! Tries plug-ins out before they serve.

pub(crate) mod attempt;
pub(crate) mod canary;
mod empty_server;
pub(crate) mod failure;
mod garbage;
pub(crate) mod probe;
