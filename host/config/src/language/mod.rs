//! How `deployment.toml` is written: its tree, the places in it, and what to say about them.

pub(crate) mod credentials;
pub(crate) mod environment;
pub(crate) mod problem;
pub(crate) mod quantity;
pub(crate) mod source;
pub(crate) mod spelling;
pub(crate) mod syntax;
pub(crate) mod tree;
