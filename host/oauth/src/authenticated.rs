//! The client that a request comes from, once a plug-in or the registration has vouched for it.

use std::sync::Arc;
use std::time::Duration;

use dropins_protocol::names::{CLIENT_CREDENTIALS, PUBLIC_GRANTS};

use crate::clients::RegisteredClient;

/// A client that a request comes from.
pub struct Authenticated {
    /// The registration.
    pub client: Arc<RegisteredClient>,
    /// Whether it has no credential, so that its identity is not proven (RFC 6749 section 2.1).
    pub public: bool,
    /// The time, in seconds since the Unix epoch, that nothing that is issued to it outlives.
    pub not_after: Option<u64>,
}

impl Authenticated {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.client.registration.id
    }

    /// The registration.
    pub fn registered(&self) -> &RegisteredClient {
        &self.client
    }

    /// Whether it proved its identity; a public client cannot.
    pub fn is_authenticated(&self) -> bool {
        !self.public
    }

    /// Whether it registered the grant, and has the credential that the grant needs. Where nothing may outlive a time, that
    /// is client_credentials: a code and a refresh token lead to what outlives any time.
    pub fn may_use(&self, grant: &str) -> bool {
        let registered = self.client.grant_types.iter().any(|allowed| allowed == grant);
        let endless = grant != CLIENT_CREDENTIALS && self.not_after.is_some();
        registered && !endless && (!self.public || PUBLIC_GRANTS.contains(&grant))
    }

    /// How long something may be valid that would be valid for so long.
    pub fn limit(&self, validity: Duration, now: u64) -> Duration {
        self.not_after.map_or(validity, |end| validity.min(Duration::from_secs(end.saturating_sub(now))))
    }
}
