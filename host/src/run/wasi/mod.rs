//! WASI as plug-ins see it: clocks that stand still, a fixed seed, and an output that the host keeps.

pub(crate) mod context;
pub(crate) mod link;
