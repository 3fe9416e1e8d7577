//! Decides a request: asks the handlers of a generation in their order.
//!
//! All claims are collected before a plug-in authenticates; where one plug-in alone has its signals, its answer says
//! whether it claims. The conditions of a verdict are settled last, so a request with two methods consumes nothing. If a
//! plug-in fails, the request fails closed and does not fall through to another one.

use std::time::Instant;

use dropins_services::{Memory, Services, UnixMillis, Use};
use futures_util::future::BoxFuture;
use tracing::{Instrument as _, info_span};

use crate::contract::decision::{Check, Decision, Evidence, FailureKind, Verdict};
use crate::contract::request::Request;
use crate::contract::text::excerpt;
use crate::run::breaker::Pass;
use crate::run::failure::Failure;
use crate::run::plugin::Call;
use crate::run::plugin_log;
use crate::run::settlement::Settlement;
use crate::run::verdict::Outcome;
use crate::serve::generation::Generation;
use crate::serve::handler::Handler;

/// The target of spans for a subscriber that traces requests; without one a span costs a comparison.
const TRACE: &str = "dropins_trace";

impl Generation {
    /// Decides a request.
    pub fn authenticate<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Decision> {
        Box::pin(self.judge(request, false))
    }

    /// Decides a request rule by rule, without consuming its assertion.
    pub fn explain<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Decision> {
        Box::pin(self.judge(request, true))
    }

    async fn judge(&self, request: &Request, explain: bool) -> Decision {
        let started = Instant::now();
        let _in_flight = self.enter();
        let mut walk =
            Walk { request, now: self.services.clock.now(), explain, handler: None, found: Found::default() };
        let outcome = self.walk(&mut walk).await;
        // The instance and its place are released: what follows waits for stores.
        let verdict = match outcome {
            Ok(outcome) => walk.settle(&self.services, outcome).instrument(info_span!(target: TRACE, "settle")).await,
            Err(verdict) => verdict,
        };
        let Walk { now, handler, found, .. } = walk;
        if let (Some(Ok(shadow)), false) = (handler.and_then(|handler| handler.shadow.as_ref()), explain) {
            shadow.follow(&self.services, request, now, &verdict, found.used);
        }
        Decision {
            verdict,
            plugin: handler.map(|handler| handler.id.clone()),
            evidence: found.evidence,
            generation: self.number(),
            duration: started.elapsed(),
            explanation: found.explanation,
        }
    }

    /// The handlers whose signals the request carries. An assertion of a type that a plug-in owns is shown to no other
    /// plug-in of assertions.
    fn signalled(&self, request: &Request) -> Vec<&Handler> {
        let owns = |handler: &Handler, kind: &str| handler.description.assertion_types.iter().any(|own| own == kind);
        let kind = request.parameter("client_assertion_type");
        let owned = kind.filter(|kind| self.handlers().iter().any(|handler| owns(handler, kind)));
        let asked = |handler: &&Handler| {
            let left = owned.is_some_and(|kind| handler.reads.parameter("client_assertion") && !owns(handler, kind));
            handler.reads.signalled_by(request) && !left
        };
        self.handlers().iter().filter(asked).collect()
    }

    /// The outcome of the plug-in that claims the request; the error is the verdict if there is none.
    async fn walk<'a>(&'a self, walk: &mut Walk<'a>) -> Result<Outcome, Verdict> {
        if let Some(credentials) = walk.request.credentials_beside_an_assertion() {
            return Err(Verdict::SeveralMethods(credentials));
        }
        let handlers = self.signalled(walk.request);
        if let [handler] = handlers.as_slice() {
            walk.handler = Some(handler);
            let authenticate = async { Turn::begin(self, handler, walk).await?.authenticate(walk).await };
            return authenticate.instrument(info_span!(target: TRACE, "authenticate")).await;
        }
        let turn = self.claimant(handlers, walk).instrument(info_span!(target: TRACE, "claim")).await?;
        walk.handler = Some(turn.handler);
        turn.authenticate(walk).instrument(info_span!(target: TRACE, "authenticate")).await
    }

    /// The one of several plug-ins that claims the request; the error is the verdict if there is none.
    async fn claimant<'a>(&'a self, handlers: Vec<&'a Handler>, walk: &mut Walk<'a>) -> Result<Turn<'a>, Verdict> {
        let mut claims: Vec<Turn<'a>> = Vec::new();
        for handler in handlers {
            let claimed = match Turn::begin(self, handler, walk).await {
                Ok(turn) => turn.claim(walk).await,
                Err(verdict) => Err(verdict),
            };
            match claimed {
                Ok(turn) => claims.extend(turn),
                Err(verdict) => {
                    walk.handler = Some(handler);
                    claims.into_iter().for_each(|turn| drop(turn.end(walk)));
                    return Err(verdict);
                }
            }
        }
        if claims.len() > 1 {
            let names = claims.iter().map(|turn| turn.handler.id.name.clone()).collect();
            claims.into_iter().for_each(|turn| drop(turn.end(walk)));
            return Err(Verdict::SeveralMethods(names));
        }
        claims.pop().ok_or(Verdict::NoMethod)
    }
}

/// One request on its way through the handlers.
struct Walk<'a> {
    request: &'a Request,
    now: UnixMillis,
    explain: bool,
    /// The handler that decided.
    handler: Option<&'a Handler>,
    found: Found,
}

/// What the deciding handler leaves besides its verdict.
#[derive(Default)]
struct Found {
    evidence: Evidence,
    explanation: Option<Vec<Check>>,
    used: Option<(Use, Memory)>,
}

impl Walk<'_> {
    /// Settles the conditions of an outcome; without a claim no plug-in has decided.
    async fn settle(&mut self, services: &Services, outcome: Outcome) -> Verdict {
        let (Some(handler), false) = (self.handler, matches!(outcome, Outcome::Unclaimed)) else {
            self.handler = None;
            self.found = Found::default();
            return Verdict::NoMethod;
        };
        let limits = handler.configured.limits();
        let mut settlement = Settlement::new(services, self.request, &handler.reads, self.now, limits);
        settlement.evidence = std::mem::take(&mut self.found.evidence);
        settlement.explanation = self.found.explanation.take();
        let verdict = settlement.settle(outcome).await;
        let Settlement { evidence, explanation, used, .. } = settlement;
        self.found = Found { evidence, explanation, used };
        verdict
    }
}

/// One handler's part in one request: an instance, and the breaker's permission to ask it.
struct Turn<'a> {
    handler: &'a Handler,
    call: Box<dyn Call>,
    pass: Pass<'a>,
}

impl<'a> Turn<'a> {
    /// An instance for the request; the error is the verdict about it.
    async fn begin(generation: &'a Generation, handler: &'a Handler, walk: &Walk<'a>) -> Result<Self, Verdict> {
        handler.counters.called();
        // Before the breaker, which would otherwise let a request through that cannot run.
        let Some(place) = handler.bulkhead.enter() else { return Err(Verdict::Overloaded) };
        let Some(pass) = handler.breaker.admit(tokio::time::Instant::now()) else {
            handler.counters.was_refused();
            let message = "it failed too often lately; its requests are refused until it answers again".to_owned();
            return Err(Verdict::Failed(FailureKind::BreakerOpen, message));
        };
        let Walk { request, now, explain, .. } = *walk;
        let services = Some(&generation.services);
        let begun = handler.configured.begin(services, &handler.reads, request, now, explain, Some(place));
        match begun.await {
            Ok(call) => Ok(Self { handler, call, pass }),
            Err(failure) => Err(failed(handler, pass, walk, &failure)),
        }
    }

    /// The turn itself if the plug-in claims the request; the error is the verdict about it.
    async fn claim(mut self, walk: &Walk<'a>) -> Result<Option<Self>, Verdict> {
        match self.call.can_authenticate().await {
            Ok(true) => Ok(Some(self)),
            Ok(false) => {
                drop(self.end(walk));
                Ok(None)
            }
            Err(failure) => Err(self.fail(walk, &failure)),
        }
    }

    /// The answer of the plug-in; the error is the verdict if it failed.
    async fn authenticate(mut self, walk: &mut Walk<'a>) -> Result<Outcome, Verdict> {
        let mut outcome = self.call.authenticate().await;
        // Rejected before a look-up: the log then shows the client that the request claims.
        if matches!(outcome, Ok(Outcome::Rejected(_))) && self.call.state().evidence.client_id.is_none() {
            match self.call.client_id().await {
                Ok(claimed) => self.call.state().evidence.client_id = claimed.map(|id| excerpt(&id)),
                Err(failure) => outcome = Err(failure),
            }
        }
        let state = self.call.state();
        walk.found =
            Found { evidence: std::mem::take(&mut state.evidence), explanation: state.explanation.take(), used: None };
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(failure) => return Err(self.fail(walk, &failure)),
        };
        let unclaimed = matches!(outcome, Outcome::Unclaimed);
        let pass = self.end(walk);
        if !unclaimed {
            pass.succeeded();
        }
        Ok(outcome)
    }

    /// Ends the plug-in's part. Only a verdict shows that it works: without one the returned permission is dropped,
    /// which tells the breaker nothing.
    fn end(mut self, walk: &Walk<'_>) -> Pass<'a> {
        plugin_log::write(&self.handler.id, &walk.request.reference, &mut self.call.state().log);
        self.call.release();
        self.pass
    }

    /// Ends the part of a plug-in that did not answer; what it logged may say why.
    fn fail(mut self, walk: &Walk<'_>, failure: &Failure) -> Verdict {
        plugin_log::write(&self.handler.id, &walk.request.reference, &mut self.call.state().log);
        failed(self.handler, self.pass, walk, failure)
    }
}

fn failed(handler: &Handler, pass: Pass<'_>, walk: &Walk<'_>, failure: &Failure) -> Verdict {
    let verdict = failure.verdict();
    let Verdict::Failed(kind, message) = &verdict else { return verdict };
    handler.counters.failed(*kind, message);
    let (plugin, digest) = (handler.id.name.as_str(), handler.id.digest.to_string());
    let (reference, kind) = (walk.request.reference.as_str(), kind.as_str());
    tracing::error!(target: plugin_log::TARGET, reference, plugin, digest, kind, "the plug-in failed: {message}");
    pass.failed(tokio::time::Instant::now());
    verdict
}
