//! The import `keys`: candidate keys, decoys and signatures.

use std::sync::Arc;

use dropins_services::{KeyHint, KeyLookupError, PublicKey, Unsupported};
use wasmtime::component::Resource;

use crate::contract::text::excerpt;
use crate::run::call::CallState;
use crate::run::v0_2::bindings::dropins::client_auth::keys;
use crate::run::v0_2::imports::services::KEYS;
use crate::run::v0_2::key_handle::KeyHandle;

/// The longest text that a signature may cover: twice the longest assertion.
const MAX_MESSAGE: usize = 32 << 10;

/// The plug-in asked to verify more than [`MAX_MESSAGE`].
#[derive(Debug, thiserror::Error)]
#[error("it asked to verify a text of {0} bytes; the limit is {MAX_MESSAGE}")]
struct TooLong(usize);

impl CallState {
    fn hand_out(&mut self, key: Arc<dyn PublicKey>, decoy: bool) -> wasmtime::Result<Resource<KeyHandle>> {
        Ok(self.table.push(KeyHandle { key, decoy })?)
    }

    /// Hands out what was found, and notes the algorithm that was asked for.
    fn hand_out_all(
        &mut self,
        hint: &KeyHint,
        found: Result<Vec<Arc<dyn PublicKey>>, KeyLookupError>,
    ) -> wasmtime::Result<Candidates> {
        self.evidence.algorithm = Some(excerpt(&hint.algorithm));
        match found {
            Ok(keys) => keys.into_iter().map(|key| self.hand_out(key, false)).collect::<Result<_, _>>().map(Ok),
            Err(error @ KeyLookupError::Unusable(_)) => Ok(Err(keys::LookupError::Unusable(error.to_string()))),
            Err(KeyLookupError::Unavailable(down)) => Ok(Err(keys::LookupError::Unavailable(down.to_string()))),
        }
    }
}

/// The answer to a key lookup.
type Candidates = Result<Vec<Resource<KeyHandle>>, keys::LookupError>;

fn to_hint(hint: keys::Hint) -> KeyHint {
    KeyHint { kid: hint.kid, x5t: hint.x5t, x5t_s256: hint.x5t_s256, algorithm: hint.algorithm }
}

impl keys::Host for CallState {
    async fn candidates(&mut self, client_id: String, hint: keys::Hint) -> wasmtime::Result<Candidates> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(keys::LookupError::Unavailable(loading))),
        };
        let hint = to_hint(hint);
        let found = self.ask(KEYS, services.keys.candidates(&client_id, &hint)).await?;
        self.hand_out_all(&hint, found)
    }

    async fn of_issuer(&mut self, issuer: String, hint: keys::Hint) -> wasmtime::Result<Candidates> {
        let services = match self.services() {
            Ok(services) => services,
            Err(loading) => return Ok(Err(keys::LookupError::Unavailable(loading))),
        };
        let hint = to_hint(hint);
        let found = self.ask(KEYS, services.keys.of_issuer(&issuer, &hint)).await?;
        self.hand_out_all(&hint, found)
    }

    fn decoy(&mut self, algorithm: String) -> wasmtime::Result<Option<Resource<KeyHandle>>> {
        self.budget.enter()?;
        let decoy = self.services.as_ref().and_then(|services| services.keys.decoy(&algorithm));
        self.evidence.algorithm = Some(excerpt(&algorithm));
        decoy.map(|key| self.hand_out(key, true)).transpose()
    }
}

impl keys::HostPublicKey for CallState {
    fn describe(&mut self, handle: Resource<KeyHandle>) -> wasmtime::Result<keys::KeyDescription> {
        self.budget.enter()?;
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
        self.budget.enter()?;
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
        self.budget.enter()?;
        if message.len() > MAX_MESSAGE {
            return Err(TooLong(message.len()).into());
        }
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
        self.budget.charge()?;
        self.table.delete(handle)?;
        Ok(())
    }
}
