//! `dropins client show`.

use std::process::ExitCode;

use clap::Args;

use super::document;
use super::registry::Registry;
use crate::args::{ClientId, HomeArgs};
use crate::output::say_json;
use dropins_oauth::clients::is_url;

/// Show a client with its keys: where each comes from, what it verifies, when it expires and was last used.
///
/// A client that is not registered, and whose id is a URL, is fetched there, if [oauth.client_id_metadata] allows it.
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
        let registry = Registry::open(&self.home).await?;
        let client = match registry.declared(self.client.get()) {
            Some(_) => document::Client::of_file(&registry, self.client.get()).await?,
            None => match registry.stored.store().find(self.client.get()).await? {
                None if is_url(self.client.get()) => {
                    document::Client::of_document(&registry, self.client.get()).await?
                }
                _ => {
                    let record = registry.stored(self.client.get()).await?;
                    document::Client::of_record(&registry, record).await?
                }
            },
        };
        if self.json {
            say_json(&client.to_json(None, &[]))?;
        } else {
            client.say()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
