//! `dropins client audience`.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say, say_json, say_table};
use dropins_operations::shown::utc;
use dropins_server::admin::documents::AudienceDocument;
use dropins_telemetry::audiences::SentAudience;

/// List the clients by the audience that they last sent, and what `AudienceMode = "strict"` would say.
///
/// The running server remembers it since its start, if the listener has AudienceReport = "strict". The clients that strict
/// would reject come first; when there are none, AudienceMode can be changed.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins client audience --home ./dropins-home")]
pub(crate) struct Audience {
    #[command(flatten)]
    home: HomeArgs,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Audience {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let document: AudienceDocument = admin::ask(&self.home, Method::GET, "/audiences").await?;
        if self.json {
            say_json(&document)?;
            return Ok(ExitCode::SUCCESS);
        }
        if !document.reported {
            say("no listener has AudienceReport = \"strict\": what clients send is not noted")?;
        }
        if !document.clients.is_empty() {
            let row = |sent: &SentAudience| {
                let strict = if sent.strict { "accepted" } else { "rejected" };
                vec![sent.client_id.clone(), strict.to_owned(), sent.audience.clone(), utc(sent.time)]
            };
            let rows: Vec<_> = document.clients.iter().map(row).collect();
            say_table(&["CLIENT ID", "STRICT", "AUDIENCE", "LAST SENT"], &rows)?;
        }
        say(document.summary())?;
        Ok(ExitCode::SUCCESS)
    }
}
