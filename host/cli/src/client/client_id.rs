//! Which client a verb is about.

use clap::Args;

/// Which client: as an argument, or as an option for ids that begin with a hyphen.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub(super) struct ClientId {
    /// The client
    #[arg(value_name = "CLIENT_ID")]
    client_id: Option<String>,
    /// The same as an option
    #[arg(long = "client-id", value_name = "CLIENT_ID")]
    named: Option<String>,
}

impl ClientId {
    pub(super) fn get(&self) -> &str {
        self.client_id.as_deref().or(self.named.as_deref()).unwrap_or_default()
    }
}
