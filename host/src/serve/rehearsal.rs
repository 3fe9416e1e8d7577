//! A request to one plug-in that is watched: for the plug-in's author. Nothing is consumed, and nothing is counted.

use std::sync::Arc;
use std::time::Duration;

use dropins_services::Services;
use futures_util::future::BoxFuture;

use crate::contract::decision::{Check, Evidence, Verdict};
use crate::contract::request::Request;
use crate::contract::text::excerpt;
use crate::run::failure::Failure;
use crate::run::settlement::Settlement;
use crate::run::verdict::{Condition, Outcome, Requirement};
use crate::serve::handler::Handler;
use crate::trial::attempt::Attempt;

/// What came of a request.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// The decision; `None` if the request has nothing that the plug-in reads, so that it is not asked.
    pub verdict: Option<Verdict>,
    /// The conditions of the plug-in's answer, settled or not: reason code, and what must hold. No secret is in it.
    pub conditions: Vec<(String, String)>,
    /// Every rule with its outcome, if the plug-in explains itself.
    pub explanation: Vec<Check>,
    /// What the host observed.
    pub evidence: Evidence,
    /// The lines that it logged, bounded and escaped.
    pub log: Vec<(tracing::Level, String)>,
    /// How many lines had no room.
    pub dropped: usize,
    /// The memory of the instance, in bytes.
    pub memory: usize,
}

impl Handler {
    /// Has the plug-in judge a request as an operator's explanation does: identifiers are looked up, not consumed.
    pub fn rehearse<'a>(&'a self, services: &'a Services, request: &'a Request) -> BoxFuture<'a, Rehearsal> {
        Box::pin(async move {
            if !self.reads.signalled_by(request) {
                return Rehearsal::default();
            }
            let (services, now) = (Arc::new(services.clone()), services.clock.now());
            let made = Attempt::make(&*self.configured, &self.reads, &services, request, now, true).await;
            let attempt = match made {
                Ok(attempt) => attempt,
                Err(failure) => return Rehearsal { verdict: Some(failure.verdict()), ..Rehearsal::default() },
            };
            let Attempt { outcome, log, evidence, explanation, memory, .. } = attempt;
            let mut settlement = Settlement::new(&services, request, &self.reads, now, self.configured.limits());
            (settlement.evidence, settlement.explanation) = (evidence, explanation);
            let (conditions, verdict) = match outcome {
                Ok(outcome) => (conditions(&outcome), settlement.settle(outcome).await),
                Err(failure) => (Vec::new(), failure.verdict()),
            };
            Rehearsal {
                verdict: Some(verdict),
                conditions,
                explanation: settlement.explanation.unwrap_or_default(),
                evidence: settlement.evidence,
                dropped: log.dropped,
                log: log.lines,
                memory,
            }
        })
    }

    /// The time of one answer, from a fresh instance on, without settling its conditions, and the memory of the
    /// instance in bytes.
    ///
    /// # Errors
    /// The plug-in failed.
    pub async fn measure(&self, services: &Services, request: &Request) -> Result<(Duration, usize), Failure> {
        let (services, now) = (Arc::new(services.clone()), services.clock.now());
        let attempt = Attempt::make(&*self.configured, &self.reads, &services, request, now, false).await?;
        attempt.outcome?;
        Ok((attempt.duration, attempt.memory))
    }
}

fn conditions(outcome: &Outcome) -> Vec<(String, String)> {
    let Outcome::Authenticated(vouched) = outcome else { return Vec::new() };
    let shown = |condition: &Condition| {
        let requirement = match &condition.requirement {
            Requirement::Secret(_) => "what was sent is the client's secret".to_owned(),
            Requirement::NotAfter(time) => format!("{time} has not passed, nor what is issued outlives it"),
            Requirement::Unused(unused) => {
                let identifier = excerpt(&unused.identifier);
                format!("the client did not use {identifier:?} before, which expires at {}", unused.expires_at)
            }
        };
        (condition.reason.clone(), requirement)
    };
    vouched.conditions.iter().map(shown).collect()
}
