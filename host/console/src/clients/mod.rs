//! The clients: searched, looked at, registered, changed; their keys registered and fetched.

pub(crate) mod audience;
pub(crate) mod edit;
mod form;
pub(crate) mod keys;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod switch;
