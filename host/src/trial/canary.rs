//! Tries a plug-in out under the real limits before it serves.
//!
//! The host itself checks what holds for every plug-in: a request without a credential is not claimed, and garbage
//! authenticates no client. A [`Probe`] brings further trials. Each trial has services of its own, never the live ones.

use std::fmt;
use std::sync::Arc;

use dropins_services::{Services, UnixMillis};

use crate::contract::decision::{PluginId, Verdict};
use crate::contract::reads::Reads;
use crate::contract::request::Request;
use crate::contract::text::excerpt;
use crate::run::failure::Failure;
use crate::run::guest_log::GuestLog;
use crate::run::plugin::Configured;
use crate::run::plugin_log;
use crate::run::settlement::Settlement;
use crate::trial::attempt::Attempt;
use crate::trial::failure::CanaryFailure;
use crate::trial::garbage;
use crate::trial::probe::{Expected, Probe, Subject, Trial};

/// Makes every trial until one fails.
pub(crate) async fn run(
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
        let outcome = attempt(configured, reads, services, &request, judged, &mut log).await;
        let failure = match outcome {
            Ok(answer) if answer.satisfies(&expected) => continue,
            Ok(answer) => CanaryFailure::wrong(name, expected, answer),
            Err(failure) => {
                let panic = log.as_ref().and_then(GuestLog::last_error);
                CanaryFailure::unanswered(name, expected, &failure, panic)
            }
        };
        // The plug-in's log helps its author.
        log.iter_mut().for_each(|log| plugin_log::write(plugin, "canary", log));
        return Err(failure.of(&request));
    }
    Ok(())
}

/// A plug-in's answer to a trial.
enum Answer {
    Unclaimed,
    Claimed,
    Judged(Verdict),
}

impl Answer {
    fn satisfies(&self, expected: &Expected) -> bool {
        match (self, expected) {
            (Self::Unclaimed, Expected::Unclaimed | Expected::Refused) => true,
            (Self::Judged(Verdict::Rejected(_)), Expected::Refused) => true,
            (Self::Judged(Verdict::Authenticated(client)), Expected::Authenticated(id)) => client.id == *id,
            _ => false,
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclaimed => f.write_str("it does not claim the request"),
            Self::Claimed => f.write_str("it claims the request"),
            Self::Judged(Verdict::Authenticated(client)) => {
                write!(f, "it authenticated the client `{}`", excerpt(&client.id))
            }
            Self::Judged(Verdict::Rejected(rejection)) => {
                write!(f, "it rejected the request: {}: {}", rejection.reason, rejection.detail)
            }
            Self::Judged(Verdict::Unavailable(part)) => write!(f, "it could not decide the request: {part}"),
            Self::Judged(other) => write!(f, "it gave no verdict: {other:?}"),
        }
    }
}

/// Asks an instance that serves no request afterwards.
async fn attempt(
    configured: &dyn Configured,
    reads: &Reads,
    services: Services,
    request: &Request,
    judged: bool,
    log: &mut Option<GuestLog>,
) -> Result<Answer, Failure> {
    let now = services.clock.now();
    let services = Arc::new(services);
    if !judged {
        let mut call = configured.begin(Some(&services), reads, request, now, false, None).await?;
        let claims = call.can_authenticate().await;
        *log = Some(call.state().log.take());
        return Ok(if claims? { Answer::Claimed } else { Answer::Unclaimed });
    }
    let answered = Attempt::make(configured, reads, &services, request, now, false).await?;
    *log = Some(answered.log);
    let mut settlement = Settlement::new(&services, request, reads, now, configured.limits());
    Ok(match settlement.settle(answered.outcome?).await {
        Verdict::NoMethod => Answer::Unclaimed,
        verdict => Answer::Judged(verdict),
    })
}
