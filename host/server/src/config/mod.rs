//! `deployment.toml`: one pass from text to a typed, immutable [`Deployment`].
//!
//! Text, tree, tree without placeholders, checked settings, deployment. Every phase goes on after a problem,
//! so that all of them are reported at once, each with its place and the nearest known key. A key that nobody
//! reads is refused, except those of WSO2 Identity Server that have no meaning here.

mod cache;
mod check;
mod client;
mod clustering;
mod database;
mod deployment;
mod environment;
mod files;
mod jdbc;
mod keystore;
mod limits;
mod listener;
mod oauth;
mod problem;
mod quantity;
mod reference;
mod registration;
mod replay;
mod schema;
mod secret;
mod settings;
mod source;
mod suggest;
mod syntax;
#[cfg(test)]
mod tests;
mod transport;
mod tree;
mod trusted_proxies;
mod url;
mod wso2;

pub use cache::ReplayCache;
pub use client::{ClientSecret, Material, ServiceProvider};
pub use database::Database;
pub use deployment::{Deployment, SuperAdmin};
pub use environment::Environment;
pub use files::KeyFiles;
pub use keystore::{Keystore, Keystores};
pub use limits::{Limits, LogFormat, Logging};
pub use listener::{Listener, PluginSelector, Property};
pub use oauth::{ClientCredentials, JwksEndpoint, OAuth, TokenType, Validity};
pub use problem::{Code, Notice, Problem, Problems, Severity};
pub(crate) use quantity::duration;
pub use registration::DynamicRegistration;
pub use replay::{ReplayAddress, ReplayLoad, ReplayStore};
pub use schema::{KEYS, Key, Kind};
pub use secret::Secret;
pub use source::{Position, Source};
pub use transport::{Admin, Https, Server, TlsFiles, Transport};
pub use trusted_proxies::{BadProxy, TrustedProxies};
pub use url::BaseUrl;
pub(crate) use url::is_redirect_uri;

use std::sync::Arc;

use problem::Findings;

/// A configuration is written by people; more than this is something else.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads the text of a `deployment.toml`.
///
/// # Errors
/// All problems of the text, in its order.
pub fn parse(text: &str, environment: &Environment) -> Result<(Deployment, Vec<Notice>), Problems> {
    if text.len() > MAX_BYTES {
        let mut problems = Problems::new(Arc::new(Source::new("", &[])));
        problems.push(Problem::new(Code::Syntax, 0..0, "", "the configuration is larger than 1 MiB"));
        return Err(problems);
    }
    let (tree, syntax_errors) = tree::parse(text);
    let source = Arc::new(Source::new(text, &tree.secrets()));
    let mut findings = Findings::new(source.clone());
    let resolved = reference::resolve(&tree, environment, &mut findings);
    let settings = check::check(&resolved, environment, &mut findings);
    let deployment = Deployment::read(&settings, source, &mut findings);
    let Findings { mut problems, notices, .. } = findings;
    syntax::merge(&mut problems, syntax_errors);
    match deployment {
        Some(deployment) if problems.is_empty() => Ok((deployment, notices)),
        _ => Err(problems),
    }
}
