//! What a plug-in must get right before it may serve, for the authentication methods that this server knows.
//!
//! A client is made up for the occasion, with a fresh key or secret and with services of its own: it must be
//! authenticated once, and refused with a wrong credential and as a replay. Nothing of the server's own clients, keys
//! and used assertions is touched. Of other methods nothing is known, so nothing is tried.

mod assertion;
mod secret;
mod throw_away;

use async_trait::async_trait;
use dropins_host::services::{Unavailable, UnixMillis};
use dropins_host::{Expected, Probe, Request, Subject, Trial};

use self::throw_away::ThrowAway;

/// Where nobody is: the server of the trials.
const ISSUER: &str = "https://canary.invalid";
const TOKEN_ENDPOINT: &str = "https://canary.invalid/oauth2/token";

/// Tries plug-ins out with throw-away clients.
#[derive(Debug, Clone, Copy, Default)]
pub struct Canary;

#[async_trait]
impl Probe for Canary {
    async fn trials(&self, subject: &Subject<'_>, now: UnixMillis) -> Result<Vec<Trial>, Unavailable> {
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

/// A request to the server of the trials.
fn request(form: &[(&str, &str)], headers: &[(&str, &str)]) -> Request {
    let owned =
        |pairs: &[(&str, &str)]| pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    Request {
        endpoint: TOKEN_ENDPOINT.to_owned(),
        issuer: ISSUER.to_owned(),
        token_endpoint: TOKEN_ENDPOINT.to_owned(),
        form: owned(form),
        headers: owned(headers),
        ..Request::default()
    }
}

impl ThrowAway {
    fn trial(&self, name: &'static str, request: Request, expected: Expected) -> Trial {
        Trial { name, services: self.services.clone(), request, expected }
    }

    /// What comes of a good credential.
    fn authenticated(&self) -> Expected {
        Expected::Authenticated(self.id.clone())
    }
}

#[cfg(test)]
mod tests;
