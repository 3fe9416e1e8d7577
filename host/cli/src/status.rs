//! `dropins status`: asks the running server.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;
use serde_json::Value;

use super::admin;
use crate::args::HomeArgs;
use crate::output::{member, say, say_json, say_table};
use crate::runtime::block_on;

/// Ask the running server what it runs and how it fares.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins status --home ./dropins-home --json")]
pub(super) struct Status {
    #[command(flatten)]
    pub(super) home: HomeArgs,
    /// Print the JSON document
    #[arg(long)]
    json: bool,
}

impl Status {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.ask())
    }

    async fn ask(self) -> anyhow::Result<ExitCode> {
        let status = admin::ask(&self.home, Method::GET, "/status").await?;
        if self.json {
            say_json(&status)?;
            return Ok(ExitCode::SUCCESS);
        }
        let ready = if *member(&status, "ready") == Value::Bool(true) {
            "ready".to_owned()
        } else {
            format!("NOT READY: {}", text(member(&status, "not_ready_because")).replace('\n', "; "))
        };
        let (issuer, generation, uptime) =
            (text(member(&status, "issuer")), member(&status, "generation"), member(&status, "uptime_seconds"));
        say(format_args!(
            "{issuer}  {ready}  generation {generation}  up {uptime} s  clients {}",
            member(&status, "clients")
        ))?;
        say(format_args!("home {}", text(member(&status, "home"))))?;
        say(replay(member(&status, "replay")))?;
        let plugins = member(&status, "plugins").as_array().cloned().unwrap_or_default();
        reloads(member(&status, "reload"), member(&status, "time").as_u64().unwrap_or_default())?;
        let columns = ["order", "name", "version", "digest", "calls", "failures"];
        let rows: Vec<Vec<String>> =
            plugins.iter().map(|plugin| columns.iter().map(|column| text(member(plugin, column))).collect()).collect();
        say_table(&["ORDER", "NAME", "VERSION", "DIGEST", "CALLS", "FAILURES"], &rows)?;
        for warning in member(&status, "warnings").as_array().into_iter().flatten() {
            say(format_args!("warning: {}", text(warning)))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where used assertions are kept, how many there are, and how often the cache saves the way there. What is wrong with
/// the store is the reason why the server is not ready.
fn replay(replay: &Value) -> String {
    let rows = member(replay, "rows").as_u64().map_or("rows unknown".to_owned(), |rows| format!("{rows} rows"));
    let hits = member(replay, "cache_hit_ratio")
        .as_f64()
        .map_or("cache not asked yet".to_owned(), |ratio| format!("cache hits {:.1} %", ratio * 100.0));
    format!("replay store {}  {rows}  {hits}", text(member(replay, "kind")))
}

/// Since when what is live is live, what is kept, and what was refused and why.
fn reloads(reload: &Value, now: u64) -> anyhow::Result<()> {
    let ago = |time: &Value| format!("{} s ago", now.saturating_sub(time.as_u64().unwrap_or(now)));
    for kept in member(reload, "generations").as_array().into_iter().flatten() {
        let withdrawn = if *member(kept, "withdrawn") == Value::Bool(true) { ", rolled back from" } else { "" };
        say(format_args!(
            "generation {}  published {}  in flight {}{withdrawn}",
            member(kept, "generation"),
            ago(member(kept, "published_at")),
            member(kept, "in_flight")
        ))?;
    }
    if *member(reload, "up") != Value::Bool(true) {
        say("RELOADER DOWN: changes of the folders are not noticed; it is started again by itself")?;
    }
    if !member(reload, "building_since").is_null() {
        say(format_args!("a candidate is being built, begun {}", ago(member(reload, "building_since"))))?;
    }
    if !member(reload, "pinned_since").is_null() {
        let since = ago(member(reload, "pinned_since"));
        say(format_args!("pinned by rollback {since}, until `dropins reload` or a change of the folders"))?;
    }
    for held in member(reload, "needs_restart").as_array().into_iter().flatten() {
        say(text(held))?;
    }
    let rejected = member(reload, "last_rejected");
    if *member(rejected, "superseded") == Value::Bool(false) {
        say(format_args!("the last candidate was rejected {}:", ago(member(rejected, "at"))))?;
        text(member(rejected, "reason")).lines().try_for_each(|line| say(format_args!("  {line}")))?;
        if let Some(at) = member(rejected, "retry_at").as_u64() {
            say(format_args!("the cause may pass by itself: it is tried again in {} s", at.saturating_sub(now)))?;
        }
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_replay_store_has_one_line_whatever_is_known_about_it() {
        let known = json!({ "kind": "redis", "rows": 12, "cache_hit_ratio": 0.125 });
        assert_eq!(replay(&known), "replay store redis  12 rows  cache hits 12.5 %");
        let unknown = json!({ "kind": "sqlite", "rows": null, "cache_hit_ratio": null });
        assert_eq!(replay(&unknown), "replay store sqlite  rows unknown  cache not asked yet");
    }
}
