//! `dropins client show`.

use std::process::ExitCode;

use clap::Args;

use super::{document, registry};
use crate::args::{ClientId, HomeArgs};
use crate::output::say_json;
use dropins_operations::clients::ClientView;

/// Show a client with its keys: where each comes from, what it verifies, when it expires and was last used.
///
/// A client that is not registered, and whose id is a URL, is fetched there, if [oauth.client_id_metadata] allows it.
///
/// A running server writes the use of a key down within seconds, and the time of one in constant use to the minute.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client show my-client --home ./dropins-home")]
pub(crate) struct Show {
    #[command(flatten)]
    home: HomeArgs,
    #[command(flatten)]
    client: ClientId,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let registry = registry::open(&self.home).await?;
        let client = ClientView::find(&registry, self.client.get()).await?;
        if self.json {
            say_json(&client.to_json(&[]))?;
        } else {
            document::print(&client)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
