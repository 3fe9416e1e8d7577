//! `dropins plugin test`: a component on the bench of its author, without a server.
//!
//! It is loaded and tried as before an installation; then one request is put to it and repeated for its time. Nothing is
//! consumed. Without a home, what the plug-in leaves to its host is assumed to hold, and clients have no keys.

mod numbers;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Args;
use dropins_config::Deployment;
use dropins_host::services::Services;
use dropins_host::{Candidate, Engine, Handler, Limits, Request};
use dropins_live as live;
use dropins_replay::JtiStore;

use self::numbers::{Load, Numbers};
use self::report::Report;
use crate::args::{HomeArgs, property};
use crate::explain;
use crate::output::say_json;

/// Load a component as a server would, put one request to it, and measure it.
///
/// Shown are the verdict and its conditions, the rules that the plug-in explains, its log lines, and time and memory over
/// a number of runs. No server is needed and nothing is consumed. Without --home every client is registered, its secret
/// is right, and it has no key; with --home the limits, clients and keys are those of the home.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins plugin test acme_badge.wasm --header \"X-Api-Key=pump-7:drip\" --runs 500")]
pub(crate) struct Test {
    /// The component
    file: PathBuf,
    /// A property of the listener entry; may be repeated
    #[arg(long = "property", value_name = "K=V", value_parser = property)]
    properties: Vec<(String, String)>,
    /// A form parameter of the request; may be repeated
    #[arg(long = "form", value_name = "K=V", value_parser = property)]
    form: Vec<(String, String)>,
    /// A header of the request; may be repeated
    #[arg(long = "header", value_name = "K=V", value_parser = property)]
    headers: Vec<(String, String)>,
    /// The only registered client; by default every client is, or those of the home are
    #[arg(long, value_name = "ID")]
    client: Option<String>,
    /// A home whose limits, clients and keys hold
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// How often the request is repeated for its time
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

/// Where the plug-in is tried.
struct Bench {
    engine: Engine,
    deployment: Option<Deployment>,
    services: Services,
    request: Request,
    /// The replay store of the home, to be closed.
    replay: Option<Arc<JtiStore>>,
}

impl Test {
    pub(super) async fn test(self) -> anyhow::Result<ExitCode> {
        let bench = self.bench().await?;
        let Bench { engine, deployment, services, request, replay } = &bench;
        let candidate = Candidate::read(&self.file, engine.limits().component_size)?;
        let size = candidate.size();
        let started = Instant::now();
        let plugin = candidate.validate(engine).await?;
        let compiled = started.elapsed();
        let tried = live::try_out(&plugin, engine, deployment.as_ref(), &self.properties).await;
        let tried = tried.with_context(|| format!("{} is refused", self.file.display()))?;
        let handler = tried.handlers().first().context("the plug-in has no listener entry")?;
        let rehearsal = handler.rehearse(services, request).await;
        let numbers = match rehearsal.verdict {
            Some(_) => self.measure(handler, services, request).await,
            None => None,
        };
        if let Some(replay) = replay {
            replay.close().await?;
        }
        let load = Load { size, compiled, memory_limit: engine.limits().memory };
        let report = Report::new(plugin.description(), plugin.digest(), &load, rehearsal, numbers, self.home.is_none());
        if self.json {
            say_json(&report)?
        } else {
            report.say()?
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Time and memory of the runs; `None` if the plug-in fails.
    async fn measure(&self, handler: &Handler, services: &Services, request: &Request) -> Option<Numbers> {
        let (mut times, mut memory) = (Vec::new(), 0);
        for _ in 0..self.runs {
            let (time, used) = handler.measure(services, request).await.ok()?;
            times.push(time);
            memory = memory.max(used);
        }
        Some(Numbers::of(times, memory))
    }

    /// The engine, services and addresses of the home, or of no server.
    async fn bench(&self) -> anyhow::Result<Bench> {
        let lower = |(name, value): &(String, String)| (name.to_ascii_lowercase(), value.clone());
        let request = Request {
            form: self.form.as_slice().into(),
            headers: self.headers.iter().map(lower).collect(),
            ..Request::default()
        };
        let Some(home) = &self.home else {
            let issuer = "https://server.example".to_owned();
            let token_endpoint = format!("{issuer}/oauth2/token");
            return Ok(Bench {
                engine: Engine::new(Limits::default(), None)?,
                deployment: None,
                services: live::assumed_services(self.client.clone()),
                request: Request { endpoint: token_endpoint.clone(), token_endpoint, issuer, ..request },
                replay: None,
            });
        };
        let home = HomeArgs { home: home.clone(), admin: None, properties: Vec::new() };
        let (live, replay) = explain::open(&home).await?;
        if let Some(client) = &self.client {
            let found = live.clients.find(client).await.context("the client directory does not answer")?;
            anyhow::ensure!(found.is_some(), "the home has no client `{client}`");
        }
        let endpoint = live.endpoints.token.clone();
        let issuer = live.endpoints.issuer.clone();
        Ok(Bench {
            engine: live.resources.engine.clone(),
            deployment: Some(live.deployment.clone()),
            services: Services {
                clients: live.clients.clone(),
                keys: live.clients.clone(),
                replay: live.resources.replay.clone(),
                clock: live.resources.clock.clone(),
            },
            request: Request { endpoint: endpoint.clone(), token_endpoint: endpoint, issuer, ..request },
            replay: Some(replay),
        })
    }
}
