//! An identity server in one file: its services, one component, one decision.
//!
//! `cargo run -p dropins-host --example embed` authenticates a client by a signed assertion and rejects its replay.
//! A real server keeps clients, keys and used assertions elsewhere; nothing else changes.

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use dropins_host::services::{
    ClientDirectory, Clock as _, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore,
    Services, SystemClock, Unavailable, Use,
};
use dropins_host::{Binding, Candidate, Engine, Generation, Isolation, Limits, Listener, Registry, Request, Verdict};
use dropins_keys::{KeyFamily, KeyInput, KeySet, SigningKey};
use serde_json::json;

const CLIENT: &str = "s6BhdRkqt3";

/// One registered client.
struct OneClient;

#[async_trait]
impl ClientDirectory for OneClient {
    async fn lookup(&self, client_id: &str) -> Result<Option<Registration>, Unavailable> {
        let auth_method = Some("private_key_jwt".to_owned());
        Ok((client_id == CLIENT).then(|| Registration { id: CLIENT.to_owned(), auth_method, ..Default::default() }))
    }

    async fn check_secret(&self, _client_id: &str, _secret: &str) -> Result<bool, Unavailable> {
        Ok(false)
    }
}

/// The keys of that client.
struct ItsKeys(KeySet);

#[async_trait]
impl KeySource for ItsKeys {
    async fn candidates(&self, client_id: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
        let keys = if client_id == CLIENT { self.0.candidates(hint) } else { Vec::new() };
        Ok(keys.into_iter().map(|key| key as Arc<dyn PublicKey>).collect())
    }

    fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
        None
    }
}

/// Used assertions, until the process ends; a real store deletes expired ones.
#[derive(Default)]
struct UsedAssertions(Mutex<HashSet<(String, String)>>);

#[async_trait]
impl ReplayStore for UsedAssertions {
    async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(if all.insert((used.client_id, used.jti)) { Memory::First } else { Memory::Seen })
    }

    async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(if all.contains(&(used.client_id, used.jti)) { Memory::Seen } else { Memory::First })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The client's side: a key pair, and an assertion that it signs.
    let key = SigningKey::generate(KeyFamily::P256)?;
    let now = SystemClock.now_seconds();
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": "https://as.example", "jti": "id-1", "iat": now, "exp": now + 60,
    });
    let assertion = key.compact_jws(&json!({ "alg": "ES256" }), &claims)?;

    // The server's side: services, a plug-in, a listener entry that enables it.
    let public_key = key.public_key_pem()?;
    let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: public_key.as_bytes() }], 0);
    assert!(findings.is_empty(), "{findings:?}");
    let services = Services {
        clients: Arc::new(OneClient),
        keys: Arc::new(ItsKeys(keys)),
        replay: Arc::new(UsedAssertions::default()),
        clock: Arc::new(SystemClock),
    };
    let engine = Engine::new(Limits::default(), None)?;
    let (file, bytes) = ("private_key_jwt_authenticator.wasm", dropins_components::PRIVATE_KEY_JWT);
    let plugins = [Candidate::new(file, bytes).validate(&engine).await?];
    let binding = Binding::Name("private_key_jwt_authenticator".to_owned());
    let listeners = [Listener {
        id: "assertions".to_owned(),
        binding,
        order: 1,
        properties: Vec::new(),
        pin: None,
        isolation: Isolation::Fresh,
        shadow: None,
    }];
    let generation = Generation::assemble(&engine, services, &(), 1, &listeners, &plugins).await;
    let registry = Registry::new(generation.map_err(|errors| format!("{errors:?}"))?);

    // One POST to the token endpoint, and the same again.
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let form = [("client_assertion_type", kind), ("client_assertion", assertion.as_str())];
    let request = Request {
        endpoint: "https://as.example/token".to_owned(),
        issuer: "https://as.example".to_owned(),
        token_endpoint: "https://as.example/token".to_owned(),
        form: form.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        ..Request::default()
    };
    let first = registry.authenticate(&request).await;
    println!("first:  {:?} in {:?}", first.verdict, first.duration);
    assert!(matches!(&first.verdict, Verdict::Authenticated(client) if client.id == CLIENT));

    let second = registry.authenticate(&request).await;
    println!("second: {:?} in {:?}", second.verdict, second.duration);
    assert!(matches!(&second.verdict, Verdict::Rejected(rejection) if rejection.reason == "replayed"));
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_authenticates_its_client_and_refuses_the_replay() {
        super::main().unwrap();
    }
}
