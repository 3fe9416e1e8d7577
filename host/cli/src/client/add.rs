//! `dropins client add`.

use std::process::ExitCode;

use clap::Args;

use super::document;
use super::facts::Facts;
use super::registry::Registry;
use crate::args::HomeArgs;
use dropins_protocol::ClientRecord;
use dropins_protocol::{names, random, secret_hash};

/// Register a client in the database; a running server sees it at once, other nodes within 2 s.
///
/// A client with keys authenticates by private_key_jwt unless another method is given. One of the method none, such as
/// a page or an app on a device, has no credential and proves itself by PKCE.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins client add my-client --certificate my-client.pem --scope \"read write\"\n  \
                  dropins client add --name Reports --auth-method client_secret_basic"
)]
pub(crate) struct Add {
    #[command(flatten)]
    home: HomeArgs,
    /// The client id; a random one when left out
    #[arg(value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// The same as an option
    #[arg(long = "client-id", value_name = "CLIENT_ID", conflicts_with = "client_id")]
    named: Option<String>,
    #[command(flatten)]
    facts: Facts,
    /// Make a secret and show it, this once; the methods client_secret_* imply it
    #[arg(long)]
    secret: bool,
    /// Register the client without letting it in
    #[arg(long)]
    disabled: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Add {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let registry = Registry::open(&self.home).await?;
        let client_id = match self.client_id.or(self.named) {
            Some(client_id) => client_id,
            None => random::new_client_id()?,
        };
        anyhow::ensure!(
            registry.declared(&client_id).is_none(),
            "the client `{client_id}` is in {}, and the file wins; choose another id, or remove it there",
            registry.home.deployment_toml().display()
        );
        let mut record = ClientRecord { client_id, enabled: !self.disabled, ..ClientRecord::default() };
        self.facts.apply(&mut record)?;
        if record.grant_types.is_empty() {
            let public = record.auth_method.as_deref() == Some(names::NONE);
            let default = if public { "authorization_code" } else { "client_credentials" };
            record.grant_types.push(default.to_owned());
        }
        let has_keys = record.certificate.is_some() || record.jwks.is_some() || record.jwks_uri.is_some();
        if record.auth_method.is_none() && has_keys && !self.secret {
            record.auth_method = Some(names::PRIVATE_KEY_JWT.to_owned());
        }
        let by_secret = record.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
        let secret = if self.secret || by_secret { Some(random::new_client_secret()?) } else { None };
        if let Some(secret) = &secret {
            record.secret = Some(secret_hash::create(secret.clone()).await?);
        }
        let warnings = registry.check(&record, &self.facts).await?;
        let record = registry.stored.insert(record).await?;
        registry.announce(&self.home).await?;
        document::report(&registry, record, "added", secret.as_ref(), &warnings, self.json).await
    }
}
