//! Serves requests: handlers, generations of them, and the decision about one request.

pub(crate) mod bind_error;
pub(crate) mod counters;
pub(crate) mod generation;
pub(crate) mod handler;
mod judge;
pub(crate) mod registry;
pub(crate) mod rehearsal;
