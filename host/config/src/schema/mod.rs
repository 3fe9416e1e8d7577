//! Which keys `deployment.toml` may hold, of which types, with which defaults.

pub(crate) mod check;
pub(crate) mod keys;
pub(crate) mod property;
pub(crate) mod reference;
pub(crate) mod settings;
mod suggest;
mod wso2;
