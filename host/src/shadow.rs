//! A candidate that works beside the live plug-in on live requests, without effect, to be compared with it.
//!
//! It begins after the verdict, on a thread of its own, a few requests at a time; requests that come while it is busy
//! are skipped and counted. The replay store is only simulated for it. Neither its cost nor its failures touch a
//! request. It passes no canary: what it gets wrong is what it is run for.

mod difference;
mod simulation;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use self::difference::{Difference, Opinion};
use self::simulation::{Memory, Simulation};
use crate::api::{Configured, Failure, Outcome};
use crate::breaker::Breaker;
use crate::candidate::Validated;
use crate::decision::{PluginId, Verdict};
use crate::engine::Engine;
use crate::plugin::Problem;
use crate::plugin_log;
use crate::request::{Reads, Request};
use crate::services::{self, Services, UnixMillis, Use};
use dropins_services::{Isolation, Listener};

/// Requests that it works on at once: they come out of the engine's spare instances.
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
    memory: Arc<Memory>,
    same: AtomicU64,
    different: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
    differences: Mutex<VecDeque<Difference>>,
}

/// How a candidate compares with the live plug-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ShadowCounts {
    /// Requests with the same verdict.
    pub same: u64,
    /// Requests with another verdict.
    pub different: u64,
    /// Requests on which it trapped or ran into a limit.
    pub failed: u64,
    /// Requests that it was not shown, because it was busy or its breaker open.
    pub skipped: u64,
}

/// Why a candidate does not work beside its handler. The handler serves nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShadowError {
    /// There is no such component, or it was refused.
    #[error("the shadow {file} does not run: the folder has no plug-in in a file of this name")]
    Missing {
        /// The file.
        file: String,
    },
    /// It refuses the properties of the listener entry.
    #[error("the shadow {file} does not run: it refuses {}", first(.problems))]
    Properties {
        /// The file.
        file: String,
        /// Every problem that it found.
        problems: Vec<Problem>,
    },
    /// It failed while it checked the properties.
    #[error("the shadow {file} does not run: it was asked about its properties, and {failure}")]
    Failed {
        /// The file.
        file: String,
        /// How.
        failure: String,
    },
}

fn first(problems: &[Problem]) -> String {
    problems.first().map_or_else(String::new, |problem| format!("{}: {}", problem.property, problem.message))
}

impl Shadow {
    /// Gives the candidate in this file the properties of the listener entry.
    pub(crate) async fn bind(
        engine: &Engine,
        file: &str,
        listener: &Listener,
        plugins: &[Validated],
    ) -> Result<Self, ShadowError> {
        let file = file.to_owned();
        let Some(plugin) = plugins.iter().find(|plugin| plugin.file == file) else {
            return Err(ShadowError::Missing { file });
        };
        match plugin.plugin.check_config(engine, &listener.properties).await {
            Err(failure) => return Err(ShadowError::Failed { file, failure: failure.to_string() }),
            Ok(report) if !report.problems.is_empty() => {
                return Err(ShadowError::Properties { file, problems: report.problems });
            }
            Ok(_) => {}
        }
        let id = PluginId { name: plugin.description.name.clone(), digest: plugin.digest };
        Ok(Self {
            reads: Arc::clone(&plugin.reads),
            // Idle instances of a shadow would be missing to live requests.
            configured: Arc::clone(&plugin.plugin).configure(&listener.properties, Isolation::Fresh),
            breaker: Breaker::new(id.clone()),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            memory: Arc::default(),
            same: AtomicU64::default(),
            different: AtomicU64::default(),
            failed: AtomicU64::default(),
            skipped: AtomicU64::default(),
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
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ShadowCounts {
            same: read(&self.same),
            different: read(&self.different),
            failed: read(&self.failed),
            skipped: read(&self.skipped),
        }
    }

    /// The last hundred differences, oldest first.
    pub fn differences(&self) -> Vec<Difference> {
        self.differences.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Shows it a request that the live plug-in has judged, with what the replay store said then.
    pub(crate) fn follow(
        self: &Arc<Self>,
        engine: &Engine,
        services: &Arc<Services>,
        request: &Request,
        now: UnixMillis,
        live: &Verdict,
        uses: Vec<(Use, services::Memory)>,
    ) {
        let Some(live) = Opinion::of(live) else { return };
        let Ok(turn) = Arc::clone(&self.turns).try_acquire_owned() else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let replay = Simulation::new(Arc::clone(&services.replay), Arc::clone(&self.memory), uses);
        let services = Arc::new(Services { replay: Arc::new(replay), ..Services::clone(services) });
        let (shadow, engine, request, runtime) = (Arc::clone(self), engine.clone(), request.clone(), Handle::current());
        // Not among the tasks that serve: what computes for long would take a worker from them.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            runtime.block_on(shadow.compare(&engine, &services, &request, now, live));
        });
    }

    async fn compare(
        &self,
        engine: &Engine,
        services: &Arc<Services>,
        request: &Request,
        now: UnixMillis,
        live: Opinion,
    ) {
        let Some(pass) = self.breaker.admit(Instant::now()) else {
            self.skipped.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let candidate = match self.judge(engine, services, request, now).await {
            Ok(candidate) => {
                pass.succeeded();
                candidate
            }
            // Not its fault: nothing was learnt.
            Err(failure) if failure.kind().is_none() => {
                self.skipped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            Err(failure) => {
                pass.failed(Instant::now());
                self.failed.fetch_add(1, Ordering::Relaxed);
                let candidate = Opinion::failed(&failure);
                self.report(Difference { at: now, reference: request.reference.clone(), live, candidate });
                return;
            }
        };
        if candidate == live {
            self.same.fetch_add(1, Ordering::Relaxed);
        } else {
            self.different.fetch_add(1, Ordering::Relaxed);
            self.report(Difference { at: now, reference: request.reference.clone(), live, candidate });
        }
    }

    async fn judge(
        &self,
        engine: &Engine,
        services: &Arc<Services>,
        request: &Request,
        now: UnixMillis,
    ) -> Result<Opinion, Failure> {
        if !self.reads.signalled_by(request) {
            return Ok(Opinion::unclaimed());
        }
        let mut call = self.configured.begin(engine, Some(services), &self.reads, request, now, false).await?;
        let opinion = match call.can_authenticate().await {
            Ok(true) => call.authenticate().await.map(|outcome| match outcome {
                Outcome::Authenticated(client) => Opinion::authenticated(&client),
                Outcome::Rejected(rejection) => Opinion::rejected(&rejection),
                Outcome::Unavailable(_) => Opinion::unavailable(),
            }),
            Ok(false) => Ok(Opinion::unclaimed()),
            Err(failure) => Err(failure),
        };
        plugin_log::write(&self.id, &request.reference, &mut call.state().log);
        call.release();
        opinion
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
