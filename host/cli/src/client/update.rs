//! `dropins client update`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::document;
use super::facts::{self, Facts};
use super::registry::Registry;
use crate::args::{ClientId, HomeArgs};
use dropins_protocol::ClientRecord;
use dropins_protocol::{random, secret_hash};

/// Change a client of the database; what is not given stays. A running server sees it at once, other nodes within 2 s.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client update my-client --add-certificate next.pem\n  \
                  dropins client update my-client --jwks new-keys.json --clear certificate\n  \
                  dropins client update my-client --disable")]
pub(crate) struct Update {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    #[command(flatten)]
    facts: Facts,
    /// Register further certificates or public keys beside those that the client has; repeat it for more files
    #[arg(long, value_name = "FILE", conflicts_with = "certificate")]
    add_certificate: Vec<PathBuf>,
    /// Forget a fact; repeat it for more
    #[arg(long, value_name = "FACT")]
    clear: Vec<Clear>,
    /// Enable the client
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
    /// Disable the client
    #[arg(long)]
    disable: bool,
    /// Make a new secret and show it, this once; the old one is rejected from then on
    #[arg(long)]
    new_secret: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// A fact that a client can do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Clear {
    Name,
    AuthMethod,
    SigningAlg,
    IdTokenSignedResponseAlg,
    RedirectUris,
    PostLogoutRedirectUris,
    Scope,
    Certificate,
    Jwks,
    JwksUri,
    Secret,
    Overrides,
    Upstream,
    UpstreamClientId,
    UpstreamClientSecret,
}

impl Clear {
    fn apply(self, record: &mut ClientRecord) {
        match self {
            Self::Name => record.name = None,
            Self::AuthMethod => record.auth_method = None,
            Self::SigningAlg => record.signing_alg = None,
            Self::IdTokenSignedResponseAlg => record.id_token_signed_response_alg = None,
            Self::RedirectUris => record.redirect_uris.clear(),
            Self::PostLogoutRedirectUris => record.post_logout_redirect_uris.clear(),
            Self::Scope => record.scopes.clear(),
            Self::Certificate => record.certificate = None,
            Self::Jwks => record.jwks = None,
            Self::JwksUri => record.jwks_uri = None,
            Self::Secret => record.secret = None,
            Self::Overrides => record.overrides.clear(),
            Self::Upstream => record.upstream.issuer = None,
            Self::UpstreamClientId => record.upstream.client_id = None,
            Self::UpstreamClientSecret => record.upstream.secret = None,
        }
    }
}

impl Update {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let registry = Registry::open(&self.home).await?;
        let switches = self.enable || self.disable || self.new_secret || !self.add_certificate.is_empty();
        anyhow::ensure!(
            switches || !self.clear.is_empty() || !self.facts.is_empty(),
            "nothing is to be changed; give a fact such as --name, or --enable, --disable, --new-secret, --clear"
        );
        let mut record = registry.stored(self.client.get()).await?;
        self.clear.iter().for_each(|fact| fact.apply(&mut record));
        self.facts.apply(&mut record)?;
        for path in &self.add_certificate {
            let known = record.certificate.take().map(|known| known + "\n").unwrap_or_default();
            record.certificate = Some(known + &facts::read(path)?);
        }
        record.enabled = self.enable || (record.enabled && !self.disable);
        let secret = if self.new_secret { Some(random::new_client_secret()?) } else { None };
        if let Some(secret) = &secret {
            record.secret = Some(secret_hash::create(secret.clone()).await?);
        }
        let warnings = registry.check(&record, &self.facts).await?;
        let record = registry.stored.update(record).await?;
        registry.announce(&self.home).await?;
        document::report(&registry, record, "changed", secret.as_ref(), &warnings, self.json).await
    }
}
