//! A good request to a server with one client, for tests that change one thing of it.

use dropins_plugin::testing::{Judged, TestClient, TestKey, TestRequest, TestServer};
use serde_json::{Value, json};

use crate::*;

/// The time of every test: 2023-11-14T22:13:20Z, in seconds.
pub(crate) const NOW: u64 = 1_700_000_000;
pub(crate) const CLIENT: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";
pub(crate) const ISSUER: &str = "https://server.example";
pub(crate) const TOKEN: &str = "https://server.example/oauth2/token";
pub(crate) const PAR: &str = "https://server.example/oauth2/par";

/// What a test can change, and what it can look at afterwards.
pub(crate) struct World {
    pub(crate) header: Value,
    pub(crate) claims: Value,
    /// In place of the right signature.
    pub(crate) signature: Option<Vec<u8>>,
    /// Overrides the assertion that is made of the three above.
    pub(crate) assertion: Option<String>,
    pub(crate) form: Vec<(String, String)>,
    pub(crate) endpoint: &'static str,
    pub(crate) properties: Vec<(&'static str, &'static str)>,
    pub(crate) server: TestServer,
}

/// One change to a good request.
pub(crate) type Change = fn(&mut World);

/// The key that signs; it answers to any `kid`.
pub(crate) fn signing() -> TestKey {
    TestKey::anonymous("signing")
}

/// A key that did not sign.
pub(crate) fn wrong() -> TestKey {
    TestKey::anonymous("wrong")
}

/// The key that signs, with the validity of its certificate.
pub(crate) fn valid(not_before: i64, not_after: i64) -> TestKey {
    let mut key = signing();
    (key.description.not_before, key.description.not_after) = (Some(not_before), Some(not_after));
    key
}

impl Default for World {
    fn default() -> Self {
        let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            header: json!({"alg": "RS256"}),
            claims: json!({"iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "one"}),
            signature: None,
            assertion: None,
            form: vec![text("grant_type", "client_credentials"), text("client_assertion_type", ASSERTION_TYPE)],
            endpoint: TOKEN,
            properties: Vec::new(),
            server: TestServer::default().client(TestClient::new(CLIENT).key(signing())),
        }
    }
}

impl World {
    /// The client.
    pub(crate) fn client(&mut self) -> &mut TestClient {
        &mut self.server.clients[0]
    }

    pub(crate) fn judge(&mut self) -> Judged<Reason> {
        let text = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        self.server.properties = self.properties.iter().map(text).collect();
        let made = || signing().jws_with(&self.header, &self.claims, self.signature.as_deref());
        let assertion = self.assertion.clone().unwrap_or_else(made);
        let form = [self.form.clone(), vec![("client_assertion".to_owned(), assertion)]].concat();
        let request = TestRequest { form, ..TestRequest::default().at(self.endpoint) };
        self.server.judge::<PrivateKeyJwt>(&request)
    }

    /// The verdict: `authenticated`, the reason code, or `unavailable`.
    pub(crate) fn verdict(&mut self) -> &'static str {
        let judged = self.judge();
        assert!(judged.authenticated().is_none_or(|authenticated| authenticated.client.id == CLIENT));
        judged.verdict
    }
}

/// The verdict about a good request after one change.
pub(crate) fn after(change: impl FnOnce(&mut World)) -> &'static str {
    let mut world = World::default();
    change(&mut world);
    world.verdict()
}
