//! What a request asked of the replay store, kept until the request is answered.
//!
//! An answer of 5xx holds no token, so an identical request may be a retry and no replay; the store decides. A request
//! whose client hangs up is dropped without an answer, and with it what it asked: nothing is forgiven then.

use axum::http::StatusCode;
use dropins_host::Decision;
use dropins_host::services::{Attempted, ReplayStore};

/// One request's attempt to be authenticated, for every endpoint that authenticates clients.
#[derive(Default)]
pub(super) struct Attempt(Option<Attempted>);

impl Attempt {
    /// Takes what authentication asked of the replay store.
    pub(super) fn note(&mut self, decision: &mut Decision) {
        self.0 = decision.evidence.attempted.take();
    }

    /// The request is answered with this status.
    pub(super) fn answered(self, status: StatusCode, replay: &dyn ReplayStore) {
        if let Some(attempted) = self.0.filter(|_| status.is_server_error()) {
            replay.forgive(attempted);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use dropins_host::services::{Memory, Unavailable, Use};

    use super::*;

    #[derive(Default)]
    struct Forgiving(Mutex<Vec<Attempted>>);

    #[async_trait::async_trait]
    impl ReplayStore for Forgiving {
        async fn remember(&self, _used: Use) -> Result<Memory, Unavailable> {
            Ok(Memory::Seen)
        }

        async fn peek(&self, _used: Use) -> Result<Memory, Unavailable> {
            Ok(Memory::Seen)
        }

        fn forgive(&self, attempted: Attempted) {
            self.0.lock().unwrap().push(attempted);
        }
    }

    fn attempted() -> Attempted {
        let (client_id, jti) = ("c".to_owned(), "j".to_owned());
        let used = Use { client_id, jti, issued_at: None, expires_at: 1, now: 0, cached: false, attempt: None };
        Attempted { used, first: true }
    }

    #[test]
    fn only_a_server_error_is_forgiven() {
        for (status, forgiven) in [(200, false), (400, false), (401, false), (499, false), (500, true), (503, true)] {
            let replay = Forgiving::default();
            Attempt(Some(attempted())).answered(StatusCode::from_u16(status).unwrap(), &replay);
            assert_eq!(!replay.0.into_inner().unwrap().is_empty(), forgiven, "{status}");
        }
    }

    #[test]
    fn a_request_that_is_dropped_or_asked_nothing_is_not() {
        let replay = Forgiving::default();
        drop(Attempt(Some(attempted())));
        Attempt::default().answered(StatusCode::SERVICE_UNAVAILABLE, &replay);
        assert!(replay.0.into_inner().unwrap().is_empty());
    }
}
