//! What a client is at an upstream: its id there, and the secret that proves it.

use dropins_config::{JudgedEndpoint, Upstream, UpstreamCredential};
use dropins_protocol::{Secret, UpstreamClient};

/// A client of an upstream.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// Its id there.
    pub id: &'a str,
    /// Its secret there; a client without a credential, and one that is vouched for by a header, has none.
    pub secret: Option<&'a Secret>,
    /// Whether it proved its identity here.
    pub authenticated: bool,
}

/// Why a client that is authenticated here has no account at the upstream; the text is for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAccount {
    /// It is registered for another upstream.
    #[error("its `upstream` is `{0}`")]
    Elsewhere(String),
    /// There are several upstreams, and it names none.
    #[error("there are several upstreams, and its registration does not say which one it uses: set `upstream`")]
    Undecided,
    /// The upstream wants a secret.
    #[error("it has no `upstream_client_secret`, which credential = \"{0}\" needs")]
    NoSecret(&'static str),
}

impl<'a> Account<'a> {
    /// The account of a client at this upstream; `only` when there is no other one.
    ///
    /// # Errors
    /// [`NoAccount`] says what its registration lacks.
    pub fn of(
        client_id: &'a str,
        registered: &'a UpstreamClient,
        authenticated: bool,
        upstream: &Upstream,
        only: bool,
    ) -> Result<Self, NoAccount> {
        match &registered.issuer {
            Some(issuer) if issuer != upstream.issuer.as_str() => return Err(NoAccount::Elsewhere(issuer.clone())),
            None if !only => return Err(NoAccount::Undecided),
            _ => {}
        }
        let needs_secret = authenticated && upstream.credential.needs_secret();
        if needs_secret && registered.secret.is_none() {
            return Err(NoAccount::NoSecret(upstream.credential.as_str()));
        }
        let secret = registered.secret.as_ref().filter(|_| needs_secret);
        Ok(Self { id: registered.client_id.as_deref().unwrap_or(client_id), secret, authenticated })
    }

    /// Whether the body must name the client: where that is its credential, for a client without one, and in a pushed
    /// request, whose parameters are those of the authorization endpoint (RFC 9126 section 2.1).
    pub(crate) fn is_named_in_body(&self, credential: &UpstreamCredential, endpoint: JudgedEndpoint) -> bool {
        !self.authenticated || *credential == UpstreamCredential::Post || endpoint == JudgedEndpoint::PushedRequests
    }
}
