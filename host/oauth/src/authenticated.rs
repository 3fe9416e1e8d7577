//! The client that a request comes from, once a plug-in or the registration has vouched for it.

use std::sync::Arc;

use dropins_protocol::names::PUBLIC_GRANTS;

use crate::clients::RegisteredClient;

/// A client that a request comes from.
pub struct Authenticated {
    /// The registration.
    pub client: Arc<RegisteredClient>,
    /// Whether it has no credential, so that its identity is not proven (RFC 6749 section 2.1).
    pub public: bool,
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

    /// Whether it registered the grant, and has the credential that the grant needs.
    pub fn may_use(&self, grant: &str) -> bool {
        let registered = self.client.grant_types.iter().any(|allowed| allowed == grant);
        registered && (!self.public || PUBLIC_GRANTS.contains(&grant))
    }
}
