//! What a plug-in must get right before it may serve, for the authentication methods that this server knows.
//!
//! A client is made up for the occasion, with a fresh key or secret and with services of its own: it must be
//! authenticated once, and refused with a wrong credential and as a replay. Nothing of the server's own clients, keys
//! and used assertions is touched. Of other methods nothing is known, so nothing is tried.

mod assertion;
mod assumed;
mod federated;
mod request;
mod secret;
mod throw_away;

use async_trait::async_trait;
use dropins_host::services::{Services, Unavailable, UnixMillis};
use dropins_host::{Probe, Subject, Trial};
use dropins_keys::KeySet;

pub use self::assumed::assumed_services;
use self::throw_away::ThrowAway;

/// Tries plug-ins out with throw-away clients.
#[derive(Debug, Clone, Copy, Default)]
pub struct Canary;

#[async_trait]
impl Probe for Canary {
    async fn trials(&self, subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
        if subject.description.name == federated::PLUGIN {
            return federated::trials(subject, now).await;
        }
        let mut trials = Vec::new();
        for method in &subject.description.methods {
            match method.as_str() {
                assertion::METHOD => trials.extend(assertion::trials(subject, now).await?),
                secret::BASIC | secret::POST => trials.extend(secret::trials(method, now)),
                _ => {}
            }
        }
        Ok(trials)
    }
}

/// Services of a server without clients, at this time.
pub(super) fn no_clients(now: UnixMillis) -> Services {
    ThrowAway::new("none", KeySet::default(), None, now).services
}

#[cfg(test)]
mod tests;
