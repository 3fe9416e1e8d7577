//! A good token of one of two issuers for the client that both vouch for, for tests that change one thing of it.

use dropins_plugin::assertion::{JWT_BEARER, JWT_SPIFFE};
use dropins_plugin::testing::{Judged, TestClient, TestIssuer, TestKey, TestRequest, TestServer};
use dropins_plugin::{LookupError, Registration};
use serde_json::{Value, json};

use crate::*;

/// The time of every test: 2023-11-14T22:13:20Z, in seconds.
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const SERVER: &str = "https://server.example";
pub(crate) const CLUSTER: &str = "https://kubernetes.default.svc.cluster.local";
pub(crate) const SUBJECT: &str = "system:serviceaccount:orders:worker";
pub(crate) const DOMAIN: &str = "spiffe://example.org";
pub(crate) const WORKLOAD: &str = "spiffe://example.org/orders/worker";
pub(crate) const CLIENT: &str = "worker";

/// What a test can change, and what it can look at afterwards.
pub(crate) struct World {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// In place of the right signature.
    pub(crate) signature: Option<Vec<u8>>,
    /// Overrides the token that is made of the three above.
    pub(crate) token: Option<String>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) server: TestServer,
}

/// The key that signs; it answers to any `kid`.
pub(crate) fn signing() -> TestKey {
    TestKey::anonymous("signing")
}

/// A key that did not sign.
pub(crate) fn wrong() -> TestKey {
    TestKey::anonymous("wrong")
}

impl Default for World {
    fn default() -> Self {
        let client = TestClient::new(CLIENT).subject(CLUSTER, SUBJECT).subject(DOMAIN, WORKLOAD);
        let issuer = |name| TestIssuer::new(name, [signing()]);
        Self {
            header: json!({"alg": "RS256", "kid": "a"}),
            claims: json!({
                "iss": CLUSTER, "sub": SUBJECT, "aud": [SERVER], "exp": NOW + 600, "iat": NOW, "nbf": NOW, "jti": "one",
            }),
            signature: None,
            token: None,
            form: vec![("client_assertion_type".to_owned(), JWT_BEARER.to_owned())],
            server: TestServer::default().client(client).issuer(issuer(CLUSTER)).issuer(issuer(DOMAIN)),
        }
    }
}

impl World {
    /// The world of a JWT-SVID.
    pub(crate) fn spiffe() -> Self {
        let mut world = Self::default();
        world.form[0].1 = JWT_SPIFFE.to_owned();
        world.claims = json!({"sub": WORKLOAD, "aud": SERVER, "exp": NOW + 300, "iat": NOW, "jti": "one"});
        world.set("issuer.kind", "spiffe");
        world
    }

    /// What is registered about the client.
    pub(crate) fn registration(&mut self) -> &mut Registration {
        &mut self.server.clients[0].registration
    }

    /// A setting of the issuer.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.registration().settings.push((name.to_owned(), value.to_owned()));
    }

    /// A property of the listener entry.
    pub(crate) fn property(&mut self, name: &str, value: &str) {
        self.server.properties.push((name.to_owned(), value.to_owned()));
    }

    /// Gives every issuer these keys.
    pub(crate) fn keys(&mut self, keys: Result<Vec<TestKey>, LookupError>) {
        self.server.issuers.iter_mut().for_each(|issuer| issuer.keys.clone_from(&keys));
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        let made = || signing().jws_with(&self.header, &self.claims, self.signature.as_deref());
        let token = self.token.clone().unwrap_or_else(made);
        [self.form.clone(), vec![("client_assertion".to_owned(), token)]].concat()
    }

    pub(crate) fn judge(&self) -> Judged<Reason> {
        let judged = self.server.judge::<FederatedJwt>(&TestRequest { form: self.form(), ..TestRequest::default() });
        assert!(self.server.asked().clients.is_empty(), "a client is looked up by its subject");
        judged
    }

    /// The verdict: `authenticated`, the reason code, or `unavailable`.
    pub(crate) fn verdict(&self) -> &'static str {
        let judged = self.judge();
        assert!(judged.authenticated().is_none_or(|authenticated| authenticated.client.id == CLIENT));
        judged.verdict
    }
}

/// The verdict about a good token after one change.
pub(crate) fn after(change: impl FnOnce(&mut World)) -> &'static str {
    let mut world = World::default();
    change(&mut world);
    world.verdict()
}
