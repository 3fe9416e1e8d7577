//! An upstream with its connections.

use std::sync::Arc;

use bytes::Bytes;
use dropins_config::{JudgedEndpoint, Upstream as Config};
use http::Response;
use http_body_util::combinators::UnsyncBoxBody;

use crate::connections::{Connections, Kept};
use crate::flow::BoxError;
use crate::onward::Onward;
use crate::roots::BadRoots;
use crate::send::SendError;

/// An upstream that requests can be sent to.
pub struct Upstream {
    config: Config,
    kept: Arc<Kept>,
}

impl Upstream {
    pub(crate) fn new(config: Config, roots: Option<&str>, connections: &Connections) -> Result<Self, BadRoots> {
        Ok(Self { kept: connections.of(&config, roots)?, config })
    }

    /// What the file says about it.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The public URL of an endpoint; nothing when it is not judged here.
    pub fn endpoint(&self, endpoint: JudgedEndpoint) -> Option<String> {
        self.config.judged.path(endpoint).map(|path| self.config.issuer.endpoint(path))
    }

    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Sends a request and waits for the beginning of the answer; its body follows as it comes.
    ///
    /// # Errors
    /// [`SendError`] tells whether a byte of the request may have arrived.
    pub async fn send(&self, request: Onward) -> Result<Response<UnsyncBoxBody<Bytes, BoxError>>, SendError> {
        self.kept.sender.send(request).await
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use dropins_config::{Environment, Issuer, parse};

    use super::*;

    /// The upstreams of a configuration.
    pub(crate) fn configs(text: &str) -> Vec<Config> {
        parse(text, &Environment::default()).unwrap_or_else(|problems| panic!("{problems}")).0.upstreams
    }

    /// One upstream with this issuer, and further lines.
    pub(crate) fn config(issuer: &str, lines: &str) -> Config {
        let text = format!(
            "[[upstream]]\nissuer = \"{issuer}\"\ntarget = \"http://127.0.0.1:1\"\ntoken_endpoint = \"/t\"\n{lines}"
        );
        configs(&text).remove(0)
    }

    pub(crate) fn issuer(text: &str) -> Issuer {
        config(text, "").issuer
    }

    pub(crate) fn upstream(lines: &str) -> Upstream {
        Upstream::new(config("https://as.example.com", lines), None, &Connections::default()).unwrap()
    }
}
