//! Tries a plug-in out in the real limits before it may serve.
//!
//! The host itself can only ask what holds for every plug-in: a request without a credential is not claimed, and
//! garbage never authenticates anybody. What a good credential looks like is known to the embedder, whose [`Probe`]
//! brings further [`Trial`]s, each with services that exist for it alone.

mod garbage;
mod nobody;

use std::fmt;
use std::sync::Arc;

use crate::api::{Configured, Failure, Outcome};
use crate::call::{GuestLog, excerpt};
use crate::decision::PluginId;
use crate::engine::Engine;
use crate::plugin::Description;
use crate::plugin_log;
use crate::request::{Reads, Request};
use crate::services::{Services, Unavailable, UnixMillis};

/// What is tried out: a plug-in under the properties of a listener entry.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What the plug-in says about itself.
    pub description: &'a Description,
    /// The signature algorithms that it accepts under these properties.
    pub algorithms: &'a [String],
    /// The properties.
    pub properties: &'a [(String, String)],
}

/// One request that a plug-in must judge rightly before it may serve.
pub struct Trial {
    /// What is tried, for messages: `the assertion of a throw-away client`.
    pub name: &'static str,
    /// What the plug-in may ask; never the services of live requests.
    pub services: Services,
    /// The request.
    pub request: Request,
    /// What it must make of it.
    pub expected: Expected,
}

/// What a plug-in must make of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// This client is authenticated.
    Authenticated(String),
    /// Nobody is authenticated: the request is rejected, or not claimed.
    Refused,
    /// The plug-in does not claim the request.
    Unclaimed,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticated(client) => write!(f, "the client `{client}` to be authenticated"),
            Self::Refused => f.write_str("a refusal"),
            Self::Unclaimed => f.write_str("the request not to be claimed"),
        }
    }
}

/// Brings the trials that need knowledge of an authentication method. `()` knows none.
#[async_trait::async_trait]
pub trait Probe: Send + Sync {
    /// Trials for a plug-in, in the order in which they are made; none when nothing of it is known.
    ///
    /// # Errors
    /// [`Unavailable`] when trials should be made but cannot; the plug-in is refused.
    async fn trials(&self, subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable>;
}

#[async_trait::async_trait]
impl Probe for () {
    async fn trials(&self, _subject: &Subject<'_>, _now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
        Ok(Vec::new())
    }
}

/// How a plug-in failed its canary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{trial}: expected was {expected}, but {found}")]
pub struct CanaryFailure {
    /// What was tried.
    pub trial: String,
    /// What should have come of it.
    pub expected: String,
    /// What happened instead.
    pub found: String,
    /// Whether it may end well another time, with the same plug-in and the same properties.
    pub is_transient: bool,
}

impl CanaryFailure {
    /// The plug-in gave a wrong answer, and will give it again.
    pub(crate) fn wrong(trial: &str, expected: impl fmt::Display, answer: impl fmt::Display) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        Self { trial, expected, found: answer.to_string(), is_transient: false }
    }

    /// The plug-in gave no answer.
    pub(crate) fn unanswered(trial: &str, expected: impl fmt::Display, failure: &Failure) -> Self {
        let (trial, expected) = (trial.to_owned(), expected.to_string());
        Self { trial, expected, found: failure.to_string(), is_transient: failure.is_transient() }
    }

    /// The embedder could not make the trial.
    fn untried(unavailable: &Unavailable) -> Self {
        let (trial, expected) = ("a throw-away client".to_owned(), "a trial".to_owned());
        Self { trial, expected, found: unavailable.to_string(), is_transient: true }
    }
}

/// Makes every trial until one fails.
pub(crate) async fn run(
    engine: &Engine,
    configured: &dyn Configured,
    reads: &Reads,
    plugin: &PluginId,
    subject: &Subject<'_>,
    probe: &dyn Probe,
    now: UnixMillis,
) -> Result<(), CanaryFailure> {
    let further = probe.trials(subject, now).await.map_err(|unavailable| CanaryFailure::untried(&unavailable))?;
    for trial in garbage::trials(reads, now).into_iter().chain(further) {
        let Trial { name, services, request, expected } = trial;
        let mut log = None;
        let judged = expected != Expected::Unclaimed;
        let outcome = attempt(engine, configured, reads, services, &request, judged, &mut log).await;
        let failure = match outcome {
            Ok(answer) if answer.satisfies(&expected) => continue,
            Ok(answer) => CanaryFailure::wrong(name, expected, answer),
            Err(failure) => CanaryFailure::unanswered(name, expected, &failure),
        };
        // What the plug-in has to say about it helps its author.
        log.iter_mut().for_each(|log| plugin_log::write(plugin, "canary", log));
        return Err(failure);
    }
    Ok(())
}

/// What a plug-in made of a trial.
enum Answer {
    Unclaimed,
    Claimed,
    Judged(Outcome),
}

impl Answer {
    fn satisfies(&self, expected: &Expected) -> bool {
        match (self, expected) {
            (Self::Unclaimed, Expected::Unclaimed | Expected::Refused) => true,
            (Self::Judged(Outcome::Rejected(_)), Expected::Refused) => true,
            (Self::Judged(Outcome::Authenticated(client)), Expected::Authenticated(id)) => client.id == *id,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclaimed => f.write_str("it does not claim the request"),
            Self::Claimed => f.write_str("it claims the request"),
            Self::Judged(Outcome::Authenticated(client)) => {
                write!(f, "it authenticated the client `{}`", excerpt(&client.id))
            }
            Self::Judged(Outcome::Rejected(rejection)) => {
                write!(f, "it refused the request: {}: {}", rejection.reason, rejection.detail)
            }
            Self::Judged(Outcome::Unavailable(part)) => write!(f, "it could not judge the request: {part}"),
        }
    }
}

/// Asks an instance that serves nobody afterwards.
async fn attempt(
    engine: &Engine,
    configured: &dyn Configured,
    reads: &Reads,
    services: Services,
    request: &Request,
    judged: bool,
    log: &mut Option<GuestLog>,
) -> Result<Answer, Failure> {
    let now = services.clock.now();
    let services = Arc::new(services);
    let mut call = configured.begin(engine, Some(&services), reads, request, now, false).await?;
    let answer = match call.can_authenticate().await {
        Ok(true) if !judged => Ok(Answer::Claimed),
        Ok(true) => call.authenticate().await.map(Answer::Judged),
        Ok(false) => Ok(Answer::Unclaimed),
        Err(failure) => Err(failure),
    };
    *log = Some(call.state().log.take());
    answer
}
