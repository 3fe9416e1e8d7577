//! The sections of `deployment.toml`, one file each: from checked settings to typed values.

pub(crate) mod authz;
pub(crate) mod cache;
pub(crate) mod client;
pub(crate) mod client_id_metadata;
pub(crate) mod client_rules;
mod client_upstreams;
mod clustering;
pub(crate) mod database;
pub(crate) mod deployment;
pub(crate) mod files;
pub(crate) mod issuer;
mod jdbc;
pub(crate) mod judged_paths;
pub(crate) mod keystore;
mod limits;
pub(crate) mod listener;
pub(crate) mod logging;
pub(crate) mod oauth;
pub(crate) mod pass;
pub(crate) mod plain_path;
pub(crate) mod registration;
pub(crate) mod replay;
pub(crate) mod telemetry;
pub(crate) mod transport;
pub(crate) mod trusted_proxies;
pub(crate) mod upstream;
pub(crate) mod url;
