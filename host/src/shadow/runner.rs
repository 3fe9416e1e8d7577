//! A shadow: a candidate that decides live requests a second time, without effect, to be compared with the live plug-in.
//!
//! It starts after the verdict, on a thread of its own, with a few requests at once; requests that arrive while it is
//! busy are skipped and counted. The replay store is simulated for it. Its cost and its failures do not affect a request.
//! It passes no canary, because its mistakes are what the operator wants to see.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use dropins_services::{Isolation, Listener, Memory, Services, UnixMillis, Use};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::contract::decision::{PluginId, Verdict};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::load::candidate::Validated;
use crate::run::breaker::Breaker;
use crate::run::failure::Failure;
use crate::run::plugin::Configured;
use crate::run::plugin_log;
use crate::run::settlement::Settlement;
use crate::shadow::difference::{Difference, Opinion};
use crate::shadow::error::ShadowError;
use crate::shadow::simulation::{Remembered, Simulation};
use crate::shadow::tally::{ShadowCounts, Tally};

/// Requests that it decides at once; they use the engine's spare instances.
const AT_ONCE: usize = 2;

/// Differences that are kept.
const KEPT: usize = 100;

/// A candidate beside a handler.
pub struct Shadow {
    id: PluginId,
    file: String,
    reads: Arc<Reads>,
    configured: Box<dyn Configured>,
    breaker: Breaker,
    turns: Arc<Semaphore>,
    remembered: Arc<Remembered>,
    tally: Tally,
    differences: Mutex<VecDeque<Difference>>,
}

impl Shadow {
    /// Configures the candidate in this file with the properties of the listener entry.
    pub(crate) async fn bind(file: &str, listener: &Listener, plugins: &[Validated]) -> Result<Self, ShadowError> {
        let file = file.to_owned();
        let Some(plugin) = plugins.iter().find(|plugin| plugin.file == file) else {
            return Err(ShadowError::Missing { file });
        };
        let described = &plugin.described;
        match described.plugin.check_config(&listener.properties).await {
            Err(failure) => return Err(ShadowError::Failed { file, failure: failure.to_string() }),
            Ok(report) if !report.problems.is_empty() => {
                return Err(ShadowError::Properties { file, problems: report.problems });
            }
            Ok(_) => {}
        }
        let id = described.id();
        Ok(Self {
            reads: Arc::clone(&described.reads),
            // Idle instances of a shadow would take slots from live requests.
            configured: Arc::clone(&described.plugin).configure(&listener.properties, Isolation::Fresh),
            breaker: Breaker::new(id.clone()),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            remembered: Arc::default(),
            tally: Tally::default(),
            differences: Mutex::default(),
            id,
            file,
        })
    }

    /// Name and digest.
    pub fn id(&self) -> &PluginId {
        &self.id
    }

    /// The component's file.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// How it compares so far.
    pub fn counts(&self) -> ShadowCounts {
        self.tally.counts()
    }

    /// The last hundred differences, oldest first.
    pub fn differences(&self) -> Vec<Difference> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Shows it a request that the live plug-in has decided, with the answer of the replay store.
    pub(crate) fn follow(
        self: &Arc<Self>,
        services: &Arc<Services>,
        request: &Request,
        now: UnixMillis,
        live: &Verdict,
        used: Option<(Use, Memory)>,
    ) {
        let Some(live) = Opinion::of(live) else { return };
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            self.tally.skipped();
            return;
        };
        let replay = Simulation::new(Arc::clone(&services.replay), Arc::clone(&self.remembered), used);
        let services = Arc::new(Services { replay: Arc::new(replay), ..Services::clone(services) });
        let (shadow, request, runtime) = (Arc::clone(self), request.clone(), Handle::current());
        // On a blocking thread, because a long computation would take a worker from requests.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            runtime.block_on(shadow.compare(&services, &request, now, live));
        });
    }

    async fn compare(&self, services: &Arc<Services>, request: &Request, now: UnixMillis, live: Opinion) {
        let Some(pass) = self.breaker.admit(Instant::now()) else {
            self.tally.skipped();
            return;
        };
        let candidate = match self.judge(services, request, now).await {
            Ok(candidate) => {
                pass.succeeded();
                candidate
            }
            // Not its fault.
            Err(failure) if failure.kind().is_none() => {
                self.tally.skipped();
                return;
            }
            Err(failure) => {
                pass.failed(Instant::now());
                self.tally.failed();
                let candidate = Opinion::failed(&failure);
                self.report(Difference { at: now, reference: request.reference.clone(), live, candidate });
                return;
            }
        };
        if candidate == live {
            self.tally.same();
        } else {
            self.tally.different();
            self.report(Difference { at: now, reference: request.reference.clone(), live, candidate });
        }
    }

    async fn judge(&self, services: &Arc<Services>, request: &Request, now: UnixMillis) -> Result<Opinion, Failure> {
        if !self.reads.signalled_by(request) {
            return Ok(Opinion::unclaimed());
        }
        let mut call = self.configured.begin(Some(services), &self.reads, request, now, false, None).await?;
        let outcome = call.authenticate().await;
        plugin_log::write(&self.id, &request.reference, &mut call.state().log);
        call.release();
        let mut settlement = Settlement::new(services, request, &self.reads, now, self.configured.limits());
        Ok(Opinion::of(&settlement.settle(outcome?).await).unwrap_or_else(Opinion::unclaimed))
    }

    fn report(&self, difference: Difference) {
        let (plugin, digest) = (self.id.name.as_str(), self.id.digest.to_string());
        let Difference { reference, live, candidate, .. } = &difference;
        tracing::warn!(
            target: plugin_log::TARGET,
            reference,
            plugin,
            digest,
            %live,
            %candidate,
            "the shadow differs from the live plug-in"
        );
        let mut differences = self.differences.lock().unwrap_or_else(PoisonError::into_inner);
        if differences.len() == KEPT {
            differences.pop_front();
        }
        differences.push_back(difference);
    }
}
