//! The home folder and its `deployment.toml`.
//!
//! `language` knows how the file is written: tree, places, problems. `schema` knows which keys exist. `sections`
//! give the values their types. [`home`] is the folder around the file. A key that no section reads is rejected, except
//! those of WSO2 Identity Server that have no meaning here.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod endpoints;
pub mod home;
mod language;
mod parse;
mod schema;
mod sections;
#[cfg(test)]
mod tests;

pub use dropins_services::Limits;
pub use endpoints::Endpoints;
pub use home::{Home, LoadError, LoadedHome};
pub use language::environment::Environment;
pub use language::problem::{Code, Notice, Problem, Problems, Severity};
pub use language::quantity::duration;
pub use language::source::{Position, Source};
pub use parse::{Listed, parse, settings};
pub use schema::effect::Effect;
pub use schema::json_schema::json_schema;
pub use schema::keys::{KEYS, Key, Kind};
pub use schema::listing::{Origin, Setting};
pub use schema::property::Property;
pub use sections::authz::Authz;
pub use sections::cache::ReplayCache;
pub use sections::client::{Material, ServiceProvider};
pub use sections::client_id_metadata::{ClientIdMetadata, DocumentMode};
pub use sections::client_rules::{Fault, client_faults, shown};
pub use sections::database::Database;
pub use sections::deployment::{Deployment, SuperAdmin};
pub use sections::federated::{fault as federated_fault, named as federated_named};
pub use sections::files::KeyFiles;
pub use sections::issuer::Issuer;
pub use sections::judged_paths::{JudgedEndpoint, JudgedPaths};
pub use sections::jwks_endpoint::JwksEndpoint;
pub use sections::keystore::{Keystore, Keystores};
pub use sections::listener::{Listener, PluginSelector};
pub use sections::logging::{LogFile, LogFormat, Logging, Rotate};
pub use sections::oauth::{ClientCredentials, OAuth, TokenType, Validity};
pub use sections::pass::Pass;
pub use sections::plain_path::is_plain_path;
pub use sections::rate_limit::Rate;
pub use sections::registration::DynamicRegistration;
pub use sections::replay::{ReplayAddress, ReplayLoad, ReplayStore};
pub use sections::telemetry::Telemetry;
pub use sections::transport::{Admin, Https, Server, TlsFiles, Transport};
pub use sections::trusted_issuer::{IssuerKeys, IssuerKind, TrustedIssuer};
pub use sections::trusted_proxies::{BadProxy, TrustedProxies};
pub use sections::upstream::{Upstream, UpstreamCredential};
pub use sections::url::{BaseUrl, is_loopback, is_redirect_uri};
