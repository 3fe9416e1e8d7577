//! `dropins assertion explain`: every rule, applied to one assertion, without using it up.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use dropins_host::{Check, CheckState, Request, Verdict};
use dropins_replay::JtiStore;
use serde_json::json;

use crate::args::HomeArgs;
use crate::output::{say, say_json};
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_server::live::{self, Release, Resources, Snapshot};
use dropins_telemetry::audit;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Apply every rule to an assertion and say which one it breaks and how to fix that.
///
/// The assertion is judged by the plug-ins, keys and clients of the home, as if it were posted to the token
/// endpoint now. It is not used up.
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
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        block_on(self.explain())
    }

    /// Opens what is there; a database that a start would change is left alone, and then nothing counts as used.
    async fn open(&self, started: &LoadedHome) -> anyhow::Result<(Resources, Arc<JtiStore>)> {
        let changes = live::plan(started).await?;
        if changes.is_empty() {
            return Ok(Resources::open(started).await?);
        }
        let changes = changes.join(", ");
        writeln!(
            std::io::stderr(),
            "warning: whether the assertion was used is not known: `dropins serve` will {changes}"
        )?;
        Ok(Resources::rehearse(started).await?)
    }

    async fn explain(self) -> anyhow::Result<ExitCode> {
        let assertion = read(&self.assertion)?;
        let started = LoadedHome::read(&self.home.home(), &self.home.properties)?;
        let (parts, replay) = self.open(&started).await?;
        let live = Release::build(Arc::new(Snapshot::of(started)), parts.clone(), 0, Vec::new()).await?.live;
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut form =
            vec![field("client_assertion_type", ASSERTION_TYPE), field("client_assertion", assertion.trim())];
        form.extend(self.client_id.iter().map(|id| field("client_id", id)));
        let request = Request {
            endpoint: live.endpoints.token.clone(),
            issuer: live.endpoints.issuer.clone(),
            token_endpoint: live.endpoints.token.clone(),
            form,
            ..Request::default()
        };
        let decision = live.generation.explain(&request).await;
        replay.close().await?;
        let checks = decision.explanation.clone().unwrap_or_default();
        let accepted = matches!(decision.verdict, Verdict::Authenticated(_));
        let conclusion = match &decision.verdict {
            Verdict::Authenticated(client) => format!("the assertion authenticates the client {}", client.id),
            Verdict::Rejected(rejection) => format!("{}: {}", rejection.reason, rejection.detail),
            Verdict::NoMethod => "no enabled plug-in reads assertions".to_owned(),
            Verdict::SeveralMethods(plugins) => format!("several plug-ins claim the request: {}", plugins.join(", ")),
            Verdict::Unavailable(part) => part.clone(),
            Verdict::Overloaded => "the server is overloaded".to_owned(),
            Verdict::Failed(kind, message) => format!("the plug-in failed ({}): {message}", kind.as_str()),
        };
        if self.json {
            say_json(&json!({
                "outcome": audit::outcome(&decision.verdict),
                "conclusion": conclusion,
                "plugin": decision.plugin.map(|plugin| json!({ "name": plugin.name, "digest": plugin.digest })),
                "checks": checks,
            }))?;
        } else {
            checks.iter().try_for_each(show)?;
            say(format_args!("\n{}: {conclusion}", if accepted { "accepted" } else { "refused" }))?;
        }
        Ok(if accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn show(check: &Check) -> anyhow::Result<()> {
    match check.state {
        CheckState::Passed => say(format_args!("passed       {}", check.rule)),
        CheckState::NotReached => say(format_args!("not reached  {}", check.rule)),
        CheckState::Failed => {
            say(format_args!("FAILED       {}  [{}]", check.rule, check.reason))?;
            for (title, text) in
                [("expected", &check.expected), ("received", &check.received), ("to fix it", &check.fix)]
            {
                if !text.is_empty() {
                    say(format_args!("             {title:<10} {text}"))?;
                }
            }
            Ok(())
        }
    }
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
    Ok(argument.to_owned())
}
