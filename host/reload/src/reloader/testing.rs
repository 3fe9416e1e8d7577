//! A reloader that serves a home without listeners.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;

use dropins_services::Clock;

use super::Reloader;
use crate::{Builder, Outcome, Surroundings};
use dropins_config::Home;
use dropins_config::LoadedHome;
use dropins_config::Problems;
use dropins_live::{BuildError, Compiled, LiveError, Published, Release, Resources, Snapshot};
use dropins_oauth::clients::Ledger;
use dropins_telemetry::metrics::Metrics;

/// A reloader of this home that waits for nothing yet, by this clock.
pub(super) async fn reloader(home: &Home, clock: Arc<dyn Clock>, builder: Arc<dyn Builder>) -> Arc<Reloader> {
    let started = LoadedHome::read(home, &[]).unwrap_or_else(|error| panic!("{error}"));
    let (mut parts, replay) = Resources::open(&started).await.unwrap();
    parts.clock = Arc::clone(&clock);
    let environment = started.environment.clone();
    let release = Release::build(Compiled::of(Snapshot::of(started), parts.clone(), Vec::new()).await, 1).await;
    let release = release.unwrap_or_else(|error| panic!("{error}"));
    let ledger = Arc::new(Ledger::new(parts.stored.store().clone(), Arc::clone(&clock)));
    let published = Arc::new(Published::new(Arc::clone(&release.live), ledger));
    let metrics = Arc::new(Metrics::new(&Outcome::ALL.map(Outcome::as_str)));
    Reloader::new(Surroundings { published, metrics, replay, clock, environment, tls: None, builder }, release)
}

/// The component with another digest that does the same: an empty custom section makes the difference.
pub(super) fn variant(component: &[u8], number: u8) -> Vec<u8> {
    let name = [b'v', b'0' + number];
    [component, &[0, 3, 2], &name].concat()
}

/// How a test wants candidates to be built.
#[derive(Clone, Copy, Default)]
pub(super) enum Mode {
    /// As in a server.
    #[default]
    Healthy,
    /// Each is rejected for a transient cause, as on a machine that is too busy.
    Busy,
    /// The compiler panics.
    Panicking,
}

/// Builds as the test wants.
#[derive(Default)]
pub(super) struct TestBuilder(Mutex<Mode>);

impl TestBuilder {
    pub(super) fn set(&self, mode: Mode) {
        *self.0.lock().unwrap() = mode;
    }
}

impl Builder for TestBuilder {
    fn build(&self, compiled: Compiled, number: u64) -> BoxFuture<'static, Result<Release, BuildError>> {
        match *self.0.lock().unwrap() {
            Mode::Healthy => Box::pin(Release::build(compiled, number)),
            Mode::Busy => Box::pin(async move {
                let path = compiled.resources.home.deployment_toml();
                let problems = Problems::new(Arc::clone(&compiled.snapshot.deployment.source));
                Err(BuildError::Live { path, error: LiveError { problems, plugins: Vec::new(), is_transient: true } })
            }),
            Mode::Panicking => Box::pin(async { panic!("in the compiler") }),
        }
    }
}
