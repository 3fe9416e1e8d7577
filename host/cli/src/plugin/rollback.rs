//! `dropins plugin rollback`: has the running server return to what was good before.

use std::process::ExitCode;

use clap::Args;

use crate::admin;
use crate::args::HomeArgs;

/// Return to the generation before, or one plug-in to the component that it had before.
///
/// The server remembers its last good generations while it runs. The components that it returns to are also written back
/// into the plug-in folder, so that they outlive a restart; deployment.toml is never written. While the folders hold
/// something else, the server stays there until `dropins reload` or a further change.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin rollback --home ./dropins-home\n  \
                  dropins plugin rollback private_key_jwt_authenticator\n  dropins plugin rollback --generation 3")]
pub(crate) struct Rollback {
    #[command(flatten)]
    home: HomeArgs,
    /// The plug-in that goes back alone; without it, the whole generation
    name: Option<String>,
    /// The generation to return to, as `dropins status` numbers them
    #[arg(long, value_name = "NUMBER", conflicts_with = "name")]
    generation: Option<u64>,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Rollback {
    pub(super) async fn roll_back(self) -> anyhow::Result<ExitCode> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(name) = &self.name {
            query.append_pair("plugin", name);
        }
        if let Some(number) = self.generation {
            query.append_pair("generation", &number.to_string());
        }
        let path = format!("/rollback?{}", query.finish());
        admin::verdict(&self.home, path.trim_end_matches('?'), self.json).await?
    }
}
