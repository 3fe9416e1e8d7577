//! The import `replay`: the memory of used assertions.

use std::time::Duration;

use dropins_services::{Attempt, Attempted, MAX_RETRY_WINDOW, Memory, Services, Unavailable, Use};

use crate::run::call::CallState;
use crate::run::v0_1::bindings::dropins::client_auth::replay;
use crate::run::v0_1::imports::services::REPLAY;

impl CallState {
    /// The request as an attempt that may be repeated; `None` without a window, or if the request is only explained.
    fn attempt(&self, retry_window: u32) -> Option<Attempt> {
        let window = Duration::from_secs(u64::from(retry_window)).min(MAX_RETRY_WINDOW);
        let transcript = self.transcript.as_ref().filter(|_| !window.is_zero())?;
        Some(Attempt { digest: transcript.digest(), window })
    }

    /// Has a use remembered. The evidence says "unknown" before the store is asked, because the client may hang up
    /// before the store answers.
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
            // An explanation must not consume the assertion.
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
