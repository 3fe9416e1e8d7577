//! `dropins client add`.

use std::process::ExitCode;

use clap::Args;

use super::facts::Facts;
use super::{document, registry};
use crate::args::HomeArgs;
use dropins_operations::clients::{Change, add};

/// Register a client in the database; a running server sees it at once, other nodes within 2 s.
///
/// A client with keys authenticates by private_key_jwt unless another method is given. A client with subjects of trusted
/// issuers authenticates by the tokens of those. One of the method none, such as
/// a page or an app on a device, has no credential and proves itself by PKCE.
#[derive(Args)]
#[command(
    after_help = "Example:\n  dropins client add my-client --certificate my-client.pem --scope \"read write\"\n  \
                  dropins client add --name Reports --auth-method client_secret_basic\n  \
                  dropins client add worker --federated https://kubernetes.default.svc \
                  system:serviceaccount:orders:worker"
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
        let registry = registry::open(&self.home).await?;
        let facts = self.facts.change()?;
        let change = Change { enabled: Some(!self.disabled), new_secret: self.secret, ..facts };
        let added = add(&registry, self.client_id.or(self.named), &change).await;
        let added = added.map_err(|error| registry::explained(error, &self.facts))?;
        registry::announce(&self.home).await?;
        document::report(&registry, added, "added", &self.facts, self.json).await
    }
}
