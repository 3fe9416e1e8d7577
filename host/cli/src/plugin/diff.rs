//! `dropins plugin diff`: how the candidate in the shadow of a live plug-in compares with it.

use std::process::ExitCode;

use clap::Args;
use form_urlencoded::byte_serialize;
use reqwest::Method;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{member, say, say_json, say_table};

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
        let answer = admin::ask(&self.home, Method::GET, &format!("/plugins/{name}/diff")).await?;
        if self.json {
            say_json(&answer)?;
            return Ok(ExitCode::SUCCESS);
        }
        let shadow = member(&answer, "shadow");
        if let Some(reason) = member(shadow, "reason").as_str() {
            anyhow::bail!("{reason}");
        }
        say(format_args!("live    {} {}", text(&answer, "name"), text(&answer, "digest")))?;
        say(format_args!("shadow  {} {} ({})", text(shadow, "name"), text(shadow, "digest"), text(shadow, "file")))?;
        let requests = member(shadow, "requests");
        let count = |result: &str| member(requests, result).as_u64().unwrap_or_default();
        let (same, different, failed, skipped) = (count("same"), count("different"), count("failed"), count("skipped"));
        say(format_args!("same {same}  different {different}  failed {failed}  skipped {skipped}"))?;
        let differences = member(&answer, "differences").as_array().cloned().unwrap_or_default();
        if !differences.is_empty() {
            let rows: Vec<_> = differences.iter().map(row).collect();
            say_table(&["TIME", "REFERENCE", "LIVE", "SHADOW"], &rows)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(difference: &Value) -> Vec<String> {
    let seconds = member(difference, "at").as_i64().unwrap_or_default() / 1000;
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok());
    let opinion = |side: &str| {
        let opinion = member(difference, side);
        let facts = ["client", "reason"].into_iter().filter_map(|fact| member(opinion, fact).as_str());
        std::iter::once(text(opinion, "outcome"))
            .chain(facts.map(|fact| format!("({fact})")))
            .collect::<Vec<_>>()
            .join(" ")
    };
    vec![time.unwrap_or_default(), text(difference, "reference"), opinion("live"), opinion("candidate")]
}

fn text(document: &Value, name: &str) -> String {
    member(document, name).as_str().unwrap_or_default().to_owned()
}
