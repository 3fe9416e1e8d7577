//! `dropins serve`: runs a home until a signal stops it.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::args::HomeArgs;
use crate::memory::{self, ReturnedAtOnce};
use crate::output::say;
use crate::runtime::block_on;
use dropins_config::LoadedHome;
use dropins_listener::Inherited;
use dropins_reload::Trigger;
use dropins_reload::service_manager;
use dropins_server::running::{Running, Sharing};
use dropins_telemetry::logging;
use dropins_telemetry::otlp::Traces;

/// Serve a home; stops gracefully on SIGTERM and SIGINT, reloads on SIGHUP.
#[derive(Args)]
#[command(after_help = "Example:\n  dropins serve --home ./dropins-home")]
pub(super) struct Serve {
    #[command(flatten)]
    home: HomeArgs,
    /// Serve although another node serves this folder; the first one answers the tools
    #[arg(long)]
    shared: bool,
}

impl Serve {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        // Before there are threads: they would see the environment and the allocator change.
        let inherited = Inherited::of_process()?;
        memory::map_large_buffers_of_c();
        block_on(self.serve(inherited, ReturnedAtOnce::begin()))
    }

    async fn serve(self, inherited: Inherited, start: ReturnedAtOnce) -> anyhow::Result<ExitCode> {
        // First: a signal during the start is neither lost nor kills the process half-way.
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let home = self.home.home();
        let started = LoadedHome::read(&home, &self.home.properties)?;
        // What a server writes is its user's only.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        let traces = started.deployment.telemetry.as_ref().map(Traces::start).transpose()?;
        logging::start(&home, &started.deployment.logging, traces.as_ref())?;
        let file_name = home.deployment_toml().display().to_string();
        for notice in &started.notices {
            tracing::info!("{}", notice.line(&file_name));
        }
        let sharing = if self.shared { Sharing::Shared } else { Sharing::Alone };
        let running = Running::start(started, sharing, inherited, Some(dropins_console::mount)).await?;
        say(format_args!("admin on {}", running.admin()))?;
        if let Some(address) = running.asked() {
            say(format_args!("proxies ask at http://{address}"))?;
        }
        for url in running.urls() {
            say(format_args!("listening on {url}"))?;
        }
        service_manager::ready(&format!("serves {}", running.urls().join(", ")));
        let watchdog = tokio::spawn(service_manager::keep_watchdog());
        drop(start);
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = hang_up.recv() => {
                    // The verdict is in the log; a build must not delay a stop.
                    let reloader = Arc::clone(running.reloader());
                    tokio::spawn(async move { reloader.reload(Trigger::Signal).await });
                }
            }
        }
        tracing::info!("stopping");
        service_manager::stopping();
        running.stop().await;
        watchdog.abort();
        tracing::info!("stopped");
        if let Some(traces) = traces {
            tokio::task::spawn_blocking(|| traces.stop()).await?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
