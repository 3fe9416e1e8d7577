//! The host's side of the imports of `dropins:client-auth@0.1.x`.
//!
//! Each one asks a service and notes what it saw. While a plug-in is being loaded there are no services, and
//! every import says so.

use std::sync::Arc;
use std::time::Duration;

use tracing::Level;
use wasmtime::component::Resource;

use super::bindings::dropins::client_auth::{clients, explain, keys, log, replay, types};
use crate::call::{CallState, excerpt};
use crate::decision::{Check, CheckState};
use crate::services::{
    Attempt, Attempted, KeyHint, KeyLookupError, MAX_RETRY_WINDOW, Memory, PublicKey, Services, Unavailable,
    Unsupported, Use,
};

/// What a plug-in's handle points to.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct KeyHandle {
    key: Arc<dyn PublicKey>,
    /// A decoy is nobody's key and must not stand in the audit log.
    decoy: bool,
}

/// The services, as messages name them.
const CLIENTS: &str = "client directory";
const KEYS: &str = "key source";
const REPLAY: &str = "replay store";

const LOADING: &str = "a plug-in that is being loaded has no services";

impl CallState {
    fn services(&self) -> Result<Arc<Services>, String> {
        self.services.clone().ok_or_else(|| LOADING.to_owned())
    }

    /// The request as an attempt that may be repeated; none when there is no window, or only a question.
    fn attempt(&self, retry_window: u32) -> Option<Attempt> {
        let window = Duration::from_secs(u64::from(retry_window)).min(MAX_RETRY_WINDOW);
        let transcript = self.transcript.as_ref().filter(|_| !window.is_zero())?;
        Some(Attempt { digest: transcript.digest(), window })
    }

    /// Has a use remembered. What became of one that was given up half-way is unknown, and is said before it begins:
    /// afterwards there may be nobody to say it.
    async fn remember(&mut self, services: &Services, used: Use) -> wasmtime::Result<Result<Memory, Unavailable>> {
        let before = self.evidence.attempted.take();
        self.evidence.attempted = used.attempt.map(|_| Attempted { used: used.clone(), first: false });
        let verdict = self.ask(REPLAY, services.replay.remember(used.clone())).await?;
        match (&verdict, &mut self.evidence.attempted) {
            (Ok(Memory::First), Some(attempted)) => attempted.first = true,
            (Err(_), Some(_)) => {}
            (Ok(Memory::Seen), attempted) | (_, attempted @ None) => *attempted = before,
        }
        verdict.iter().for_each(|verdict| self.used(used.clone(), *verdict));
        Ok(verdict)
    }

    fn hand_out(&mut self, key: Arc<dyn PublicKey>, decoy: bool) -> wasmtime::Result<Resource<KeyHandle>> {
        Ok(self.table.push(KeyHandle { key, decoy })?)
    }
}

impl types::Host for CallState {}

impl clients::Host for CallState {
    async fn lookup(&mut self, client_id: String) -> wasmtime::Result<Result<Option<clients::Registration>, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let found = self.ask(CLIENTS, services.clients.lookup(&client_id)).await?;
        self.evidence.client_id = Some(excerpt(&client_id));
        Ok(found.map_err(|down| down.to_string()).map(|found| {
            found.map(|client| clients::Registration {
                id: client.id,
                auth_method: client.auth_method,
                signing_alg: client.signing_alg,
                settings: super::fields(&client.settings),
            })
        }))
    }

    async fn check_secret(&mut self, client_id: String, secret: String) -> wasmtime::Result<Result<bool, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let same = self.ask(CLIENTS, services.clients.check_secret(&client_id, &secret)).await?;
        self.evidence.client_id = Some(excerpt(&client_id));
        Ok(same.map_err(|down| down.to_string()))
    }
}

impl keys::Host for CallState {
    async fn candidates(
        &mut self,
        client_id: String,
        hint: keys::Hint,
    ) -> wasmtime::Result<Result<Vec<Resource<KeyHandle>>, keys::LookupError>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(keys::LookupError::Unavailable(loading))),
        };
        let hint = KeyHint { kid: hint.kid, x5t: hint.x5t, x5t_s256: hint.x5t_s256, algorithm: hint.algorithm };
        let found = self.ask(KEYS, services.keys.candidates(&client_id, &hint)).await?;
        self.evidence.algorithm = Some(excerpt(&hint.algorithm));
        match found {
            Ok(keys) => keys.into_iter().map(|key| self.hand_out(key, false)).collect::<Result<_, _>>().map(Ok),
            Err(error @ KeyLookupError::Unusable(_)) => Ok(Err(keys::LookupError::Unusable(error.to_string()))),
            Err(KeyLookupError::Unavailable(down)) => Ok(Err(keys::LookupError::Unavailable(down.to_string()))),
        }
    }

    fn decoy(&mut self, algorithm: String) -> wasmtime::Result<Option<Resource<KeyHandle>>> {
        let decoy = self.services.as_ref().and_then(|services| services.keys.decoy(&algorithm));
        self.evidence.algorithm = Some(excerpt(&algorithm));
        decoy.map(|key| self.hand_out(key, true)).transpose()
    }
}

impl keys::HostPublicKey for CallState {
    fn describe(&mut self, handle: Resource<KeyHandle>) -> wasmtime::Result<keys::KeyDescription> {
        let key = self.table.get(&handle)?.key.describe();
        Ok(keys::KeyDescription {
            kid: key.kid,
            thumbprint: key.thumbprint,
            source: key.source,
            not_before: key.not_before,
            not_after: key.not_after,
        })
    }

    fn jwk(&mut self, handle: Resource<KeyHandle>) -> wasmtime::Result<String> {
        let KeyHandle { key, decoy } = self.table.get(&handle)?;
        let (jwk, description) = (key.jwk(), (!decoy).then(|| key.describe()));
        self.evidence.key = description.or_else(|| self.evidence.key.take());
        Ok(jwk)
    }

    fn verify(
        &mut self,
        handle: Resource<KeyHandle>,
        algorithm: String,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, keys::Unsupported>> {
        let KeyHandle { key, decoy } = self.table.get(&handle)?;
        let verdict = key.verify(&algorithm, &message, &signature);
        if !decoy {
            self.evidence.key = Some(key.describe());
        }
        Ok(verdict.map_err(|unsupported| match unsupported {
            Unsupported::Algorithm(algorithm) => keys::Unsupported::Algorithm(algorithm),
            Unsupported::KeyMismatch(reason) => keys::Unsupported::KeyMismatch(reason),
        }))
    }

    fn drop(&mut self, handle: Resource<KeyHandle>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

impl replay::Host for CallState {
    async fn remember(
        &mut self,
        client_id: String,
        jti: String,
        issued_at: Option<u64>,
        expires_at: u64,
        cached: bool,
        retry_window: u32,
    ) -> wasmtime::Result<Result<replay::Verdict, String>> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(loading)),
        };
        let attempt = self.attempt(retry_window);
        let used = Use { client_id, jti, issued_at, expires_at, now: self.now, cached, attempt };
        let verdict = if self.explanation.is_some() {
            // A question must not use up what it asks about.
            self.ask(REPLAY, services.replay.peek(used)).await?
        } else {
            self.remember(&services, used).await?
        };
        Ok(verdict.map_err(|down| down.to_string()).map(|verdict| match verdict {
            Memory::First => replay::Verdict::First,
            Memory::Seen => replay::Verdict::Seen,
        }))
    }
}

impl log::Host for CallState {
    fn emit(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::DEBUG,
            log::Level::Info => Level::INFO,
            log::Level::Warn => Level::WARN,
            log::Level::Error => Level::ERROR,
        };
        self.log.push(level, &message);
        Ok(())
    }
}

/// More rules than any authenticator has.
const MAX_CHECKS: usize = 256;

impl explain::Host for CallState {
    fn wanted(&mut self) -> wasmtime::Result<bool> {
        Ok(self.explanation.is_some())
    }

    fn report(&mut self, check: explain::Check) -> wasmtime::Result<()> {
        if let Some(checks) = self.explanation.as_mut().filter(|checks| checks.len() < MAX_CHECKS) {
            checks.push(Check {
                reason: excerpt(&check.reason),
                rule: excerpt(&check.rule),
                state: match check.state {
                    explain::State::Passed => CheckState::Passed,
                    explain::State::Failed => CheckState::Failed,
                    explain::State::NotReached => CheckState::NotReached,
                },
                expected: excerpt(&check.expected),
                received: excerpt(&check.received),
                fix: excerpt(&check.fix),
            });
        }
        Ok(())
    }
}
