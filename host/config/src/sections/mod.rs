//! The sections of `deployment.toml`, one file each: from checked settings to typed values.

pub(crate) mod cache;
pub(crate) mod client;
pub(crate) mod client_rules;
mod clustering;
pub(crate) mod database;
pub(crate) mod deployment;
pub(crate) mod files;
mod jdbc;
pub(crate) mod keystore;
mod limits;
pub(crate) mod listener;
pub(crate) mod logging;
pub(crate) mod oauth;
pub(crate) mod registration;
pub(crate) mod replay;
pub(crate) mod telemetry;
pub(crate) mod transport;
pub(crate) mod trusted_proxies;
pub(crate) mod url;
