//! A client with a key pair, registered in a home, and the assertions that it signs.

use std::sync::atomic::{AtomicU64, Ordering};

use dropins_host::services::{Clock as _, SystemClock};
use dropins_keys::{KeyFamily, SigningKey};
use serde_json::{Value, json};

use crate::home::TestHome;

/// A client.
pub(crate) struct TestClient {
    pub(crate) id: String,
    pub(crate) key: SigningKey,
    issuer: String,
}

/// An assertion that can be spoiled before it is signed.
pub(crate) struct Assertion<'a> {
    key: &'a SigningKey,
    pub(crate) header: Value,
    pub(crate) claims: Value,
}

impl TestClient {
    /// A client with a P-256 key, registered for `private_key_jwt` and the client credentials grant.
    pub(crate) fn register(home: &TestHome, id: &str) -> Self {
        Self::register_with(home, id, "")
    }

    /// The same with further lines in its entry.
    pub(crate) fn register_with(home: &TestHome, id: &str, lines: &str) -> Self {
        let client = Self::unregistered(home, id);
        let file = format!("{id}.jwks.json");
        let jwks = json!({ "keys": [client.key.public_jwk()] });
        std::fs::write(home.conf(&file), jwks.to_string()).unwrap();
        home.append(&format!(
            "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
             grant_types = [\"client_credentials\"]\njwks_file = \"{file}\"\n{lines}\n"
        ));
        client
    }

    /// A client that the home does not know.
    pub(crate) fn unregistered(home: &TestHome, id: &str) -> Self {
        Self::with_key(home, id, SigningKey::generate(KeyFamily::P256).unwrap())
    }

    /// The same with an existing key.
    pub(crate) fn with_key(home: &TestHome, id: &str, key: SigningKey) -> Self {
        Self { id: id.to_owned(), key, issuer: home.issuer() }
    }

    /// A good assertion with a new `jti`, not signed yet.
    pub(crate) fn assertion(&self) -> Assertion<'_> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let now = now();
        let jti = format!("jti-{}-{}", now, SERIAL.fetch_add(1, Ordering::Relaxed));
        Assertion {
            key: &self.key,
            header: json!({ "alg": "ES256", "typ": "JWT" }),
            claims: json!({
                "iss": self.id, "sub": self.id, "aud": self.issuer, "iat": now, "exp": now + 300, "jti": jti,
            }),
        }
    }

    /// A good assertion.
    pub(crate) fn mint(&self) -> String {
        self.assertion().sign()
    }
}

impl Assertion<'_> {
    /// The same with another value of a claim; null removes the claim.
    pub(crate) fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    /// The same with another value of a header member; null removes the member.
    pub(crate) fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    /// Signs it.
    pub(crate) fn sign(&self) -> String {
        self.key.compact_jws(&self.header, &self.claims).unwrap()
    }
}

fn set(object: &mut Value, name: &str, value: Value) {
    let members = object.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
}

/// Seconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    SystemClock.now_seconds()
}
