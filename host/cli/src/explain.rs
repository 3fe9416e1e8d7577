//! `dropins assertion explain`: every rule, applied to one assertion, without consuming it.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Args;
use dropins_host::services::{Clock as _, SystemClock};
use dropins_host::{Check, CheckState, Digest};
use dropins_replay::JtiStore;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::admin;
use crate::args::HomeArgs;
use crate::output::{BAD, GOOD, say, say_json};
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_live::{Compiled, Live, Release, Resources, Snapshot};
use dropins_operations::assertions::{Judged, judge};
use dropins_operations::shown::{span, utc};
use dropins_server::admin::documents::StatusDocument;
use dropins_telemetry::audit;

/// Apply every rule to an assertion and say which one it breaks and how to fix that.
///
/// The assertion is judged by the plug-ins, keys and clients of the home, as if it were posted to the token
/// endpoint now. It is not consumed.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins assertion explain --home ./dropins-home assertion.jwt")]
pub(super) struct Explain {
    #[command(flatten)]
    home: HomeArgs,
    /// The assertion, a file that holds it, or - for standard input
    assertion: String,
    /// The client_id parameter of the request, if it has one
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Show also the rules that passed or were not reached
    #[arg(long)]
    all: bool,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// What a home says about an assertion.
#[derive(Serialize)]
struct Explanation {
    outcome: &'static str,
    conclusion: String,
    note: Option<String>,
    plugin: Option<Plugin>,
    header: Option<Map<String, Value>>,
    claims: Option<Map<String, Value>>,
    checks: Vec<Check>,
}

#[derive(Serialize)]
struct Plugin {
    name: String,
    digest: Digest,
}

/// Opens what would serve; a database that a start would change is left alone, and then nothing counts as used.
pub(super) async fn open(home: &HomeArgs) -> anyhow::Result<(Arc<Live>, Arc<JtiStore>)> {
    let started = LoadedHome::read(&home.home(), &home.properties)?;
    let changes = dropins_live::plan(&started).await?;
    let (parts, replay) = if changes.is_empty() {
        Resources::open(&started).await?
    } else {
        let changes = changes.join(", ");
        warn(format_args!("whether the assertion was used is not known: `dropins serve` will {changes}"))?;
        Resources::rehearse(&started).await?
    };
    Ok((Release::build(Compiled::of(Snapshot::of(started), parts, Vec::new()).await, 0).await?.live, replay))
}

impl Explain {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.explain())
    }

    async fn explain(self) -> anyhow::Result<ExitCode> {
        let assertion = read(&self.assertion)?;
        let assertion = assertion.trim();
        let (live, replay) = open(&self.home).await?;
        let judged = judge(&live, assertion, self.client_id.as_deref()).await;
        replay.close().await?;
        self.compare_clocks(&live).await?;
        let Judged { decision, accepted, conclusion, note } = judged;
        let mut parts = assertion.split('.').map(decode);
        let explanation = Explanation {
            outcome: audit::outcome(&decision.verdict),
            conclusion,
            note,
            plugin: decision.plugin.map(|plugin| Plugin { name: plugin.name, digest: plugin.digest }),
            header: parts.next().flatten(),
            claims: parts.next().flatten(),
            checks: decision.explanation.unwrap_or_default(),
        };
        if self.json {
            say_json(&explanation)?;
        } else {
            explanation.say(accepted, self.all)?;
        }
        Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// The verdict follows the clock of this machine; a server may have another one.
    async fn compare_clocks(&self, live: &Live) -> anyhow::Result<()> {
        let status = admin::ask_if_running(&self.home, Method::GET, "/status").await;
        let Some(StatusDocument { time, .. }) = status.ok().flatten() else { return Ok(()) };
        let here = SystemClock.now_seconds();
        if time.abs_diff(here) <= live.deployment.oauth.timestamp_skew.as_secs() {
            return Ok(());
        }
        let (by, side) = (span(time.abs_diff(here)), if time > here { "ahead of" } else { "behind" });
        warn(format_args!("the clock of the server is {by} {side} the one that judges here"))
    }
}

impl Explanation {
    fn say(&self, accepted: bool, all: bool) -> anyhow::Result<()> {
        let (style, verdict) = if accepted { (GOOD, "accepted") } else { (BAD, "refused") };
        say(format_args!("{style}{verdict}{style:#}: {}", self.conclusion))?;
        self.note.iter().try_for_each(|note| say(format_args!("note: {note}")))?;
        say("")?;
        let now = SystemClock.now_seconds();
        for (title, members, names) in [
            ("header", &self.header, &["alg", "typ", "kid", "x5t", "x5t#S256"][..]),
            ("claims", &self.claims, &["iss", "sub", "aud", "jti", "iat", "nbf", "exp"]),
        ] {
            let members =
                members.iter().flat_map(|members| names.iter().filter_map(|name| members.get_key_value(*name)));
            for (name, value) in members {
                say(format_args!("{title:<12} {name:<10} {}", shown(name, value, now)))?;
            }
        }
        let mut folded = [0, 0];
        for check in &self.checks {
            let (index, word) = match check.state {
                CheckState::Failed => {
                    failed(check)?;
                    continue;
                }
                CheckState::Passed => (0, "passed"),
                CheckState::NotReached => (1, "not reached"),
            };
            if all {
                say(format_args!("{word:<12} {}", check.rule))?;
            } else if let Some(count) = folded.get_mut(index) {
                *count += 1;
            }
        }
        let [passed, not_reached] = folded;
        match (passed, not_reached) {
            (0, 0) => Ok(()),
            (_, 0) => say(format_args!("{passed} rules passed; --all shows them")),
            _ => say(format_args!("{passed} rules passed, {not_reached} not reached; --all shows them")),
        }
    }
}

fn failed(check: &Check) -> anyhow::Result<()> {
    say(format_args!("{BAD}FAILED{BAD:#}       {}  [{}]", check.rule, check.reason))?;
    let sides = [("expected", &check.expected), ("received", &check.received), ("to fix it", &check.fix)];
    let told = sides.into_iter().filter(|(_, text)| !text.is_empty());
    told.into_iter().try_for_each(|(title, text)| say(format_args!("             {title:<10} {text}")))
}

/// A part of the assertion, if it is a JSON object.
fn decode(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

/// A value as JSON, so that it cannot steer the terminal; times also in UTC and from now.
fn shown(name: &str, value: &Value, now: u64) -> String {
    match (name, value.as_u64()) {
        ("iat" | "nbf" | "exp", Some(time)) if time <= now => format!("{}, {} ago", utc(time), span(now - time)),
        ("iat" | "nbf" | "exp", Some(time)) => format!("{}, in {}", utc(time), span(time - now)),
        _ => value.to_string(),
    }
}

fn warn(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stderr(), "warning: {line}")?)
}

fn read(argument: &str) -> anyhow::Result<String> {
    if argument == "-" {
        let mut text = String::new();
        std::io::stdin().take(1 << 20).read_to_string(&mut text).context("standard input cannot be read")?;
        return Ok(text);
    }
    // An assertion has dots and may be longer than any file name: what is not a file is the assertion itself.
    if Path::new(argument).is_file() {
        return std::fs::read_to_string(argument).with_context(|| format!("{argument} cannot be read"));
    }
    if argument.matches('.').count() != 2 || argument.contains('/') {
        warn(format_args!("there is no file {}: it is judged as an assertion", argument.escape_debug()))?;
    }
    Ok(argument.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_shown_in_utc_and_from_now_and_other_values_as_json() {
        let shown = |name, value: Value| shown(name, &value, 1_796_009_596);
        assert_eq!(shown("exp", json!(1_796_009_496)), "2026-11-30T03:31:36Z, 1 min 40 s ago");
        assert_eq!(shown("exp", json!(1_796_009_597)), "2026-11-30T03:33:17Z, in 1 s");
        assert_eq!((shown("exp", json!("x")), shown("jti", json!("a\u{1b}"))), ("\"x\"".into(), "\"a\\u001b\"".into()));
    }
}
