//! Which keys `deployment.toml` may hold, of which types, with which defaults.

pub(crate) mod check;
pub(crate) mod effect;
pub(crate) mod json_schema;
pub(crate) mod keys;
pub(crate) mod listing;
pub(crate) mod property;
pub(crate) mod reference;
pub(crate) mod settings;
mod suggest;
mod wso2;
