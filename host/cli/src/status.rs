//! `dropins status`: asks the running server.

use std::process::ExitCode;

use clap::Args;
use reqwest::Method;

use super::admin;
use crate::args::HomeArgs;
use crate::output::{BAD, GOOD, say, say_json, say_table, say_warning};
use crate::runtime::block_on;
use dropins_operations::shown::{short, span};
use dropins_server::admin::documents::{KeptGeneration, LivePlugin, ReloadState, ReplayState, StatusDocument};

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
        let status: StatusDocument = admin::ask(&self.home, Method::GET, "/status").await?;
        if self.json {
            say_json(&status)?;
            return Ok(ExitCode::SUCCESS);
        }
        let ready = match &status.not_ready_because {
            None => format!("{GOOD}ready{GOOD:#}"),
            Some(reason) => format!("{BAD}NOT READY{BAD:#}: {}", reason.replace('\n', "; ")),
        };
        let (issuer, generation, up) = (&status.issuer, status.generation, span(status.uptime_seconds));
        say(format_args!("{issuer}  {ready}  generation {generation}  up {up}  clients {}", status.clients))?;
        say(format_args!("home {}", status.home.display()))?;
        say(replay(&status.replay))?;
        reloads(&status.reload, status.time)?;
        let row = |plugin: &LivePlugin| {
            let (order, name) = (plugin.order.to_string(), plugin.name.clone());
            let (calls, failures) = (plugin.calls.to_string(), plugin.failures.to_string());
            vec![order, name, plugin.version.clone(), short(&plugin.digest), calls, failures]
        };
        let rows: Vec<_> = status.plugins.iter().map(row).collect();
        say_table(&["ORDER", "NAME", "VERSION", "DIGEST", "CALLS", "FAILURES"], &rows)?;
        status.warnings.iter().try_for_each(say_warning)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Where used assertions are kept, how many there are, and how often the cache saves the way there. What is wrong with
/// the store is the reason why the server is not ready.
fn replay(replay: &ReplayState) -> String {
    let rows = replay.rows.map_or("rows unknown".to_owned(), |rows| format!("{rows} rows"));
    let hits = replay.cache_hit_ratio;
    let hits = hits.map_or("cache not asked yet".to_owned(), |ratio| format!("cache hits {:.1} %", ratio * 100.0));
    format!("replay store {}  {rows}  {hits}", replay.kind)
}

/// Since when what is live is live, what is kept, and what was rejected and why.
fn reloads(reload: &ReloadState, now: u64) -> anyhow::Result<()> {
    let ago = |time: u64| format!("{} ago", span(now.saturating_sub(time)));
    for kept in &reload.generations {
        let KeptGeneration { generation, published_at, in_flight, withdrawn } = kept;
        let withdrawn = if *withdrawn { ", rolled back from" } else { "" };
        let published = ago(*published_at);
        say(format_args!("generation {generation}  published {published}  in flight {in_flight}{withdrawn}"))?;
    }
    if !reload.up {
        say(format_args!(
            "{BAD}RELOADER DOWN{BAD:#}: changes of the folders are not noticed; it is started again by itself"
        ))?;
    }
    if let Some(since) = reload.building_since {
        say(format_args!("a candidate is being built, begun {}", ago(since)))?;
    }
    if let Some(since) = reload.pinned_since {
        say(format_args!("pinned by rollback {}, until `dropins reload` or a change of the folders", ago(since)))?;
    }
    reload.needs_restart.iter().try_for_each(say)?;
    if let Some(rejected) = reload.last_rejected.as_ref().filter(|rejected| !rejected.superseded) {
        say(format_args!("the last candidate was rejected {}:", ago(rejected.at)))?;
        rejected.reason.lines().try_for_each(|line| say(format_args!("  {line}")))?;
        if let Some(at) = rejected.retry_at {
            say(format_args!("the cause may be transient: it is tried again in {}", span(at.saturating_sub(now))))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_replay_store_has_one_line_whatever_is_known_about_it() {
        let known = ReplayState {
            kind: "redis".to_owned(),
            rows: Some(12),
            cache_hit_ratio: Some(0.125),
            ..ReplayState::default()
        };
        assert_eq!(replay(&known), "replay store redis  12 rows  cache hits 12.5 %");
        let unknown = ReplayState { kind: "sqlite".to_owned(), ..ReplayState::default() };
        assert_eq!(replay(&unknown), "replay store sqlite  rows unknown  cache not asked yet");
    }
}
