//! The words between plug-in, host and embedder: what a component may import, what it says about itself, the request
//! that it is shown, and the decision.
//!
//! Nothing here runs a component. Texts of a plug-in are escaped and cut here, before anything keeps them.

pub(crate) mod decision;
pub(crate) mod description;
pub(crate) mod names;
pub(crate) mod reads;
pub(crate) mod request;
pub(crate) mod surface;
pub(crate) mod text;
pub(crate) mod version;
pub(crate) mod wasi;
