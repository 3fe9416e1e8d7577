//! Settles the conditions of a verdict after the plug-in has returned.
//!
//! Conditions are settled in their order, the identifier last, for the client of the verdict and no other. The client is
//! looked up again: one that is unknown, or registered for another method, is rejected after its secret was checked, so
//! the time reveals neither. A service that does not answer fails the request closed.

use std::time::Duration;

use dropins_services::{
    Attempt, Attempted, Limits, MAX_RETRY_WINDOW, Memory, Registration, Services, Unavailable, UnixMillis, Use,
};
use tokio::time::Instant;

use crate::contract::decision::{Check, CheckState, Client, Evidence, Rejection, Verdict};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::contract::text::excerpt;
use crate::run::patience::until;
use crate::run::transcript::Transcript;
use crate::run::verdict::{Condition, Outcome, Requirement, Unused, Vouched};

/// More conditions than any method has.
const MAX_CONDITIONS: usize = 8;

/// How far ahead an identifier may expire, in seconds: the longest lifetime and clock skew of an assertion.
const HORIZON: u64 = 25 * 3600;

/// The longest identifier, in bytes.
const LONGEST_IDENTIFIER: usize = 255;

/// The reason codes of a client that may not be authenticated by the method.
const UNKNOWN: &str = "unknown-client";
const OTHER_METHOD: &str = "method-not-registered";

/// The services as messages name them.
const CLIENTS: &str = "client directory";
const REPLAY: &str = "replay store";

/// One verdict that is being settled, with what the host observes.
pub(crate) struct Settlement<'a> {
    services: &'a Services,
    request: &'a Request,
    reads: &'a Reads,
    now: UnixMillis,
    limit: Duration,
    end: Instant,
    pub(crate) evidence: Evidence,
    /// Present if the operator asks for an explanation; nothing is consumed then.
    pub(crate) explanation: Option<Vec<Check>>,
    /// The answer of the replay store, for a shadow that must get the same one.
    pub(crate) used: Option<(Use, Memory)>,
}

/// Why a verdict is not `authenticated`.
enum Failed {
    Rejected(Rejection),
    Unavailable(String),
}

impl<'a> Settlement<'a> {
    /// A settlement that must end within the time of one request.
    pub(crate) fn new(
        services: &'a Services,
        request: &'a Request,
        reads: &'a Reads,
        now: UnixMillis,
        limits: &Limits,
    ) -> Self {
        Self {
            services,
            request,
            reads,
            now,
            limit: limits.call_wall_limit,
            end: Instant::now() + limits.call_wall_limit,
            evidence: Evidence::default(),
            explanation: None,
            used: None,
        }
    }

    /// The verdict that an outcome comes to.
    pub(crate) async fn settle(&mut self, outcome: Outcome) -> Verdict {
        match outcome {
            Outcome::Unclaimed => Verdict::NoMethod,
            Outcome::Rejected(rejection) => Verdict::Rejected(rejection),
            Outcome::Unavailable(part) => Verdict::Unavailable(part),
            Outcome::Authenticated(Vouched { client, conditions }) => {
                self.evidence.client_id = Some(excerpt(&client.id));
                match self.hold(&client, conditions).await {
                    Ok(()) => Verdict::Authenticated(client),
                    Err(Failed::Rejected(rejection)) => Verdict::Rejected(rejection),
                    Err(Failed::Unavailable(part)) => Verdict::Unavailable(part),
                }
            }
        }
    }

    /// Whether every condition holds for a client that may use the method.
    async fn hold(&mut self, client: &Client, conditions: Vec<Condition>) -> Result<(), Failed> {
        well_formed(&conditions)?;
        let registration = self.ask(CLIENTS, self.services.clients.lookup(&client.id)).await?;
        let refused = unregistered(client, registration.as_ref());
        if registration.is_some() {
            self.note(UNKNOWN, CheckState::Passed, "", &client.id);
        }
        if refused.is_none() {
            self.note(OTHER_METHOD, CheckState::Passed, "", &client.method);
        }
        for condition in conditions {
            // An identifier is the last condition; a rejected client consumes none.
            if let (Requirement::Unused(_), Some(refused)) = (&condition.requirement, &refused) {
                return Err(self.reject(refused.clone()));
            }
            if let Err(failed) = self.one(client, condition).await {
                return Err(match (failed, refused) {
                    (Failed::Rejected(_), Some(refused)) => self.reject(refused),
                    (failed, _) => failed,
                });
            }
        }
        refused.map_or(Ok(()), |refused| Err(self.reject(refused)))
    }

    async fn one(&mut self, client: &Client, condition: Condition) -> Result<(), Failed> {
        let Condition { reason, requirement } = condition;
        let (holds, expected, received) = match requirement {
            Requirement::Secret(secret) => {
                let right = self.ask(CLIENTS, self.services.clients.check_secret(&client.id, &secret)).await?;
                let received = if right { "it" } else { "another secret" };
                (right, "the client's secret".to_owned(), received.to_owned())
            }
            Requirement::NotAfter(time) => {
                let earlier = self.evidence.not_after.is_none_or(|known| time < known);
                self.evidence.not_after = if earlier { Some(time) } else { self.evidence.not_after };
                let now = self.now / 1000;
                (now <= time, format!("a time up to {time}"), now.to_string())
            }
            Requirement::Unused(unused) => {
                let expected = format!("an identifier that this client did not use before {}", unused.expires_at);
                let received = format!("{:?}", excerpt(&unused.identifier));
                (self.consume(client, unused).await? == Memory::First, expected, received)
            }
        };
        if !holds {
            return Err(self.reject(rejection(&reason, &expected, &received)));
        }
        self.note(&reason, CheckState::Passed, &expected, &received);
        Ok(())
    }

    /// Consumes an identifier, or only looks it up for an explanation.
    async fn consume(&mut self, client: &Client, unused: Unused) -> Result<Memory, Failed> {
        let latest = self.now / 1000 + HORIZON;
        if unused.expires_at > latest {
            let (expected, received) =
                (format!("an identifier that expires by {latest}"), unused.expires_at.to_string());
            return Err(self.reject(rejection("horizon-too-far", &expected, &received)));
        }
        let used = Use {
            client_id: client.id.clone(),
            jti: unused.identifier,
            issued_at: unused.issued_at,
            expires_at: unused.expires_at,
            now: self.now,
            cached: unused.cached,
            attempt: self.attempt(unused.retry_window),
        };
        if self.explanation.is_some() {
            return self.ask(REPLAY, self.services.replay.peek(used)).await;
        }
        // "Unknown" until the store has answered.
        self.evidence.attempted = used.attempt.map(|_| Attempted { used: used.clone(), first: false });
        let memory = self.ask(REPLAY, self.services.replay.remember(used.clone())).await?;
        match memory {
            Memory::First => self.evidence.attempted.iter_mut().for_each(|attempted| attempted.first = true),
            Memory::Seen => self.evidence.attempted = None,
        }
        self.used = Some((used, memory));
        Ok(memory)
    }

    /// The request as an attempt that may be repeated; `None` without a window, or if the request is only explained.
    fn attempt(&self, retry_window: u32) -> Option<Attempt> {
        let window = Duration::from_secs(u64::from(retry_window)).min(MAX_RETRY_WINDOW);
        let repeatable = !window.is_zero() && self.explanation.is_none();
        repeatable.then(|| Attempt { digest: Transcript::of(self.request, self.reads).digest(), window })
    }

    /// Asks a service until the settlement must end.
    async fn ask<T>(
        &self,
        service: &'static str,
        answer: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Failed> {
        match until(self.end, answer).await {
            Some(answer) => answer.map_err(|down| Failed::Unavailable(down.to_string())),
            None => {
                let limit = self.limit;
                Err(Failed::Unavailable(format!("it was not done after {limit:?}, waiting for the {service}")))
            }
        }
    }

    fn reject(&mut self, rejection: Rejection) -> Failed {
        self.note(&rejection.reason, CheckState::Failed, "", &rejection.detail);
        Failed::Rejected(rejection)
    }

    /// Fills in the outcome of a rule that the plug-in left to the host.
    fn note(&mut self, reason: &str, state: CheckState, expected: &str, received: &str) {
        let Some(checks) = &mut self.explanation else { return };
        if let Some(check) = checks.iter_mut().find(|check| check.reason == reason) {
            check.state = state;
            if check.received.is_empty() {
                received.clone_into(&mut check.received);
            }
        } else if state == CheckState::Failed {
            let (reason, rule, fix) = (reason.to_owned(), String::new(), String::new());
            let (expected, received) = (expected.to_owned(), received.to_owned());
            checks.push(Check { reason, rule, state, expected, received, fix });
        }
    }
}

/// Rejects conditions that the contract does not allow.
fn well_formed(conditions: &[Condition]) -> Result<(), Failed> {
    let (last, before) = conditions.split_last().map_or((None, conditions), |(last, before)| (Some(last), before));
    let identifier = |condition: &&Condition| matches!(condition.requirement, Requirement::Unused(_));
    let fits = |condition: &Condition| match &condition.requirement {
        Requirement::Unused(unused) => (1..=LONGEST_IDENTIFIER).contains(&unused.identifier.len()),
        _ => true,
    };
    if conditions.len() > MAX_CONDITIONS || before.iter().any(|condition| identifier(&condition)) {
        let expected = format!("at most {MAX_CONDITIONS} conditions, an identifier only as the last one");
        let received = format!("{} conditions", conditions.len());
        return Err(Failed::Rejected(rejection("conditions-invalid", &expected, &received)));
    }
    if !last.is_none_or(fits) {
        let expected = format!("an identifier of 1 to {LONGEST_IDENTIFIER} bytes");
        return Err(Failed::Rejected(rejection("conditions-invalid", &expected, "another length")));
    }
    Ok(())
}

/// Why the client may not be authenticated by this method, if it may not.
fn unregistered(client: &Client, registration: Option<&Registration>) -> Option<Rejection> {
    let Some(registration) = registration else {
        return Some(rejection(UNKNOWN, "a registered and enabled client", &excerpt(&client.id)));
    };
    let method = registration.auth_method.as_deref().filter(|registered| *registered != client.method)?;
    let received = format!("{} from a client registered for {}", excerpt(&client.method), excerpt(method));
    Some(rejection(OTHER_METHOD, "the registered token_endpoint_auth_method", &received))
}

fn rejection(reason: &str, expected: &str, received: &str) -> Rejection {
    Rejection {
        error: "invalid_client".to_owned(),
        reason: reason.to_owned(),
        detail: format!("expected {expected}; received {received}"),
    }
}
