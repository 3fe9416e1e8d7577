//! `dropins plugin diff`: how the candidate in the shadow of a live plug-in compares with it.

use std::process::ExitCode;

use clap::Args;
use dropins_host::{Difference, ShadowCounts};
use form_urlencoded::byte_serialize;
use reqwest::Method;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{say, say_json, say_table};
use dropins_operations::shown::utc;
use dropins_server::admin::documents::{DiffDocument, ShadowState};

/// Compare a live plug-in with the candidate that runs beside it.
///
/// The candidate is named by `shadow = "FILE"` in the listener entry. It sees live requests and decides nothing; its
/// last differences are shown with the reference ids that find the requests in the log.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin diff private_key_jwt_authenticator --home ./dropins-home")]
pub(crate) struct Diff {
    #[command(flatten)]
    home: HomeArgs,
    /// The live plug-in
    name: String,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) async fn diff(self) -> anyhow::Result<ExitCode> {
        // A space would be `+`, which is no space in a path; names have none.
        let name: String = byte_serialize(self.name.as_bytes()).collect();
        let diff: DiffDocument = admin::ask(&self.home, Method::GET, &format!("/plugins/{name}/diff")).await?;
        if self.json {
            say_json(&diff)?;
            return Ok(ExitCode::SUCCESS);
        }
        let (file, name, digest, requests) = match diff.shadow {
            ShadowState::Running { file, name, digest, requests } => (file, name, digest, requests),
            ShadowState::NotRunning { reason, .. } => anyhow::bail!("{reason}"),
        };
        say(format_args!("live    {} {}", diff.name, diff.digest))?;
        say(format_args!("shadow  {name} {digest} ({file})"))?;
        let ShadowCounts { same, different, failed, skipped } = requests;
        say(format_args!("same {same}  different {different}  failed {failed}  skipped {skipped}"))?;
        if !diff.differences.is_empty() {
            let rows: Vec<_> = diff.differences.iter().map(row).collect();
            say_table(&["TIME", "REFERENCE", "LIVE", "SHADOW"], &rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(difference: &Difference) -> Vec<String> {
    let Difference { at, reference, live, candidate } = difference;
    vec![utc(at / 1000), reference.clone(), live.to_string(), candidate.to_string()]
}
