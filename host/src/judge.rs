//! Asks the handlers of a generation about a request, in their order.
//!
//! Claims are collected before anybody authenticates, so a request with two methods uses up no assertion. A
//! handler that fails has not said "no": the request fails closed and nothing falls through.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::api::{Call, Failure, Outcome};
use crate::call::printable;
use crate::decision::{Check, Decision, Evidence, FailureKind, Verdict};
use crate::generation::{Generation, Handler};
use crate::request::Request;

impl Generation {
    /// Judges a request.
    pub async fn authenticate(&self, request: &Request) -> Decision {
        self.judge(request, false).await
    }

    /// Judges a request rule by rule, without using up its assertion.
    pub async fn explain(&self, request: &Request) -> Decision {
        self.judge(request, true).await
    }

    async fn judge(&self, request: &Request, explain: bool) -> Decision {
        let started = Instant::now();
        let mut walk = Walk::default();
        let verdict = match self.engine().permits().try_acquire() {
            Ok(_permit) => self.walk(request, explain, &mut walk).await,
            Err(_) => Verdict::Overloaded,
        };
        Decision {
            verdict,
            plugin: walk.handler.and_then(|index| self.handlers().get(index)).map(|handler| handler.id.clone()),
            evidence: walk.evidence,
            generation: self.number(),
            duration: started.elapsed(),
            explanation: walk.explanation,
        }
    }

    async fn walk(&self, request: &Request, explain: bool, walk: &mut Walk) -> Verdict {
        let now = self.services.clock.now();
        let mut claims: Vec<(usize, Box<dyn Call>)> = Vec::new();
        for (index, handler) in self.handlers().iter().enumerate() {
            if !handler.reads.signalled_by(request) {
                continue;
            }
            handler.counters.calls.fetch_add(1, Ordering::Relaxed);
            let services = Some(&self.services);
            let begun = handler.configured.begin(self.engine(), services, &handler.reads, request, now, explain).await;
            let claimed = match begun {
                Ok(mut call) => call.can_authenticate().await.map(|claims| (claims, call)),
                Err(failure) => Err(failure),
            };
            match claimed {
                Ok((true, call)) => claims.push((index, call)),
                Ok((false, call)) => call.release(),
                Err(failure) => {
                    walk.handler = Some(index);
                    return failed(handler, &failure);
                }
            }
        }
        let mut claims = claims.into_iter();
        match (claims.next(), claims.next()) {
            (None, _) => Verdict::NoMethod,
            (Some((index, mut call)), None) => {
                walk.handler = Some(index);
                let Some(handler) = self.handlers().get(index) else { return Verdict::NoMethod };
                let verdict = authenticate(handler, &mut *call).await;
                walk.leave(handler, call);
                verdict
            }
            (Some(first), Some(second)) => {
                let indices = [first.0, second.0].into_iter().chain(claims.map(|(index, _)| index));
                let name = |index| self.handlers().get(index).map(|handler: &Handler| handler.id.name.clone());
                Verdict::SeveralMethods(indices.filter_map(name).collect())
            }
        }
    }
}

/// What a walk leaves behind besides its verdict.
#[derive(Default)]
struct Walk {
    handler: Option<usize>,
    evidence: Evidence,
    explanation: Option<Vec<Check>>,
}

impl Walk {
    /// Takes the evidence out of an instance before it is dropped, and writes down what the plug-in logged.
    fn leave(&mut self, handler: &Handler, mut call: Box<dyn Call>) {
        let state = call.state();
        self.evidence = std::mem::take(&mut state.evidence);
        self.explanation = state.explanation.take();
        let (lines, dropped) = (std::mem::take(&mut state.log.lines), state.log.dropped);
        call.release();
        if lines.is_empty() && dropped == 0 {
            return;
        }
        let (plugin, digest) = (handler.id.name.as_str(), handler.id.digest.short());
        for (level, message) in lines {
            match level {
                tracing::Level::ERROR => tracing::error!(target: "dropins::plugin", plugin, digest, "{message}"),
                tracing::Level::WARN => tracing::warn!(target: "dropins::plugin", plugin, digest, "{message}"),
                tracing::Level::INFO => tracing::info!(target: "dropins::plugin", plugin, digest, "{message}"),
                _ => tracing::debug!(target: "dropins::plugin", plugin, digest, "{message}"),
            }
        }
        if dropped > 0 {
            tracing::warn!(target: "dropins::plugin", plugin, digest, dropped, "log lines beyond the limit were dropped");
        }
    }
}

async fn authenticate(handler: &Handler, call: &mut dyn Call) -> Verdict {
    match call.authenticate().await {
        Ok(Outcome::Authenticated(client)) => Verdict::Authenticated(client),
        Ok(Outcome::Unavailable(part)) => Verdict::Unavailable(part),
        Ok(Outcome::Rejected(rejection)) => {
            // Refused before a look-up: the log still wants to know who the request claims to come from.
            if call.state().evidence.client_id.is_none() {
                let claimed = call.client_id().await.unwrap_or_default();
                call.state().evidence.client_id = claimed.map(|id| printable(&id));
            }
            Verdict::Rejected(rejection)
        }
        Err(failure) => failed(handler, &failure),
    }
}

fn failed(handler: &Handler, failure: &Failure) -> Verdict {
    let kind = match failure {
        Failure::Exhausted => return Verdict::Overloaded,
        Failure::Deadline(_) => FailureKind::Deadline,
        Failure::Memory { .. } => FailureKind::Memory,
        Failure::Trap { .. } | Failure::Types(_) => FailureKind::Trap,
    };
    let message = failure.to_string();
    handler.counters.failed(kind, &message);
    let (plugin, digest) = (handler.id.name.as_str(), handler.id.digest.to_string());
    tracing::error!(target: "dropins::plugin", plugin, digest, kind = kind.as_str(), "the plug-in failed: {message}");
    Verdict::Failed(kind, message)
}
