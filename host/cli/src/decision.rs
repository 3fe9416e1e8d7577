//! `dropins explain`: what became of one request, by the reference id that its client was told.
//!
//! The running server keeps the last rejections in memory; others are in the log file.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use dropins_host::services::{Clock as _, SystemClock};
use reqwest::Method;
use serde::Serialize;

use crate::admin;
use crate::args::HomeArgs;
use crate::explain;
use crate::output::{say, say_json, say_table};
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_live::advice;
use dropins_operations::decisions;
use dropins_operations::shown::{span, utc};
use dropins_server::admin::documents::DecisionDocument;
use dropins_telemetry::decisions::DecisionRecord;

/// Say what became of a request, by its reference id, or what a reason code means.
///
/// The reference id is at the end of the client's error. The running server keeps its last 10 000 rejections in memory. Other requests are looked up in the log, if
/// [logging] file names one.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins explain VJT4AFAHPGP4RMNJ --home ./dropins-home\n  \
                  dropins explain --reason signature-invalid\n  dropins explain --client my-client --reason expired")]
#[group(id = "what", required = true, multiple = true, args = ["reference", "reason", "client"])]
pub(super) struct ExplainRequest {
    #[command(flatten)]
    home: HomeArgs,
    /// The reference id
    #[arg(value_parser = reference, conflicts_with_all = ["reason", "client"])]
    reference: Option<String>,
    /// A reason code
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// List the last rejected requests of clients whose id holds this text; with --reason, those with that reason
    #[arg(long, value_name = "TEXT")]
    client: Option<String>,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// It becomes part of a path: letters and digits only.
fn reference(text: &str) -> Result<String, String> {
    decisions::reference(text).ok_or_else(|| "a reference id has 8 to 40 letters and digits".to_owned())
}

impl ExplainRequest {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(async {
            match (&self.reference, &self.client, &self.reason) {
                (Some(reference), ..) => self.request(reference).await,
                (None, Some(client), reason) => self.list(client, reason.as_deref().unwrap_or_default()).await,
                (None, None, reason) => self.rule(reason.as_deref().unwrap_or_default()).await,
            }?;
            Ok(ExitCode::SUCCESS)
        })
    }

    async fn list(&self, client: &str, reason: &str) -> anyhow::Result<()> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let path = format!("/decisions?{}", query.append_pair("client", client).append_pair("reason", reason).finish());
        let records: Vec<DecisionRecord> = admin::ask(&self.home, Method::GET, &path).await?;
        if self.json {
            return say_json(&records);
        }
        let row = |record: &DecisionRecord| {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let (time, reference) = (utc(record.time), record.reference.clone());
            vec![time, reference, text(&record.client), record.outcome.clone(), text(&record.reason)]
        };
        say_table(&["TIME", "REFERENCE", "CLIENT", "OUTCOME", "REASON"], &records.iter().map(row).collect::<Vec<_>>())
    }

    async fn request(&self, reference: &str) -> anyhow::Result<()> {
        let asked = admin::ask(&self.home, Method::GET, &format!("/decisions/{reference}")).await;
        let document: DecisionDocument = match asked {
            Ok(document) => document,
            Err(error) => {
                let logged = self.logged(reference).context(error)?;
                if self.json {
                    return say_json(&logged);
                }
                return logged.lines.iter().try_for_each(say);
            }
        };
        if self.json {
            say_json(&document)
        } else {
            lines(&document, SystemClock.now_seconds()).iter().try_for_each(say)
        }
    }

    /// What the log files say about it, the newest file that has it.
    fn logged(&self, reference: &str) -> anyhow::Result<Logged> {
        let LoadedHome { home, deployment, .. } = LoadedHome::read(&self.home.home(), &self.home.properties)?;
        Ok(Logged { lines: decisions::logged(&home, &deployment, reference)? })
    }

    async fn rule(&self, reason: &str) -> anyhow::Result<()> {
        let (live, replay) = explain::open(&self.home).await?;
        let rule = advice::rule(&live.generation, reason).await;
        replay.close().await?;
        let rule = rule.with_context(|| format!("no enabled plug-in lists a rule `{reason}`"))?;
        if self.json {
            return say_json(&Rule { reason, rule: &rule.rule, fix: &rule.fix });
        }
        say(format_args!("{:<10} {}", "rule", rule.rule))?;
        say(format_args!("{:<10} {}", "to fix it", rule.fix))
    }
}

/// Lines of a log.
#[derive(Serialize)]
struct Logged {
    lines: Vec<String>,
}

#[derive(Serialize)]
struct Rule<'a> {
    reason: &'a str,
    rule: &'a str,
    fix: &'a str,
}

/// What is known, one line each.
fn lines(document: &DecisionDocument, now: u64) -> Vec<String> {
    let DecisionDocument { record, rule, fix, note } = document;
    let ago = span(now.saturating_sub(record.time));
    let rows = [
        ("outcome", Some(record.outcome.clone())),
        ("reason", record.reason.clone()),
        ("rule", rule.clone()),
        ("expected", record.expected.clone()),
        ("received", record.received.clone()),
        ("to fix it", fix.clone()),
        ("note", note.clone()),
        ("client", record.client.clone()),
        ("grant", record.grant.clone()),
        ("endpoint", record.endpoint.clone()),
        ("address", record.address.map(|address| address.to_string())),
        ("plug-in", record.shown_plugin()),
        ("algorithm", record.algorithm.clone()),
        ("key", record.shown_key()),
        ("time", Some(format!("{}, {ago} ago", utc(record.time)))),
    ];
    rows.into_iter().filter_map(|(title, text)| Some(format!("{title:<10} {}", text?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reference_id_is_asked_for() {
        assert_eq!(reference("vjt4afahpgp4rmnj").as_deref(), Ok("VJT4AFAHPGP4RMNJ"));
        assert!(reference("../reload").is_err() && reference("short").is_err() && reference("VJT4AFAH?x=1").is_err());
    }

    #[test]
    fn what_is_known_is_one_line_each() {
        let record = DecisionRecord {
            outcome: "rejected".to_owned(),
            reason: Some("expired".to_owned()),
            time: 1_796_009_496,
            ..DecisionRecord::default()
        };
        let document = DecisionDocument { record, rule: None, fix: Some("Sign another.".to_owned()), note: None };
        let lines = lines(&document, 1_796_009_596);
        assert_eq!(
            lines,
            [
                "outcome    rejected",
                "reason     expired",
                "to fix it  Sign another.",
                "time       2026-11-30T03:31:36Z, 1 min 40 s ago"
            ]
        );
    }
}
