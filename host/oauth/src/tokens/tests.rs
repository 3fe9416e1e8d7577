use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use dropins_keys::SigningKey;
use dropins_protocol::{AccessToken, TokenAlgorithm};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::key_schedule::{ScheduledKey, key_family};
use super::*;

const ISSUER: &str = "https://is.example";

fn ring() -> Arc<KeyRing> {
    let key = |algorithm: TokenAlgorithm| {
        ScheduledKey::new(algorithm, 0, SigningKey::generate(key_family(algorithm)).unwrap()).unwrap()
    };
    Arc::new(KeyRing::of(TokenAlgorithm::ALL.map(key).into_iter().collect()).unwrap())
}

fn tokens(ring: &Arc<KeyRing>, access_token_signing_alg: TokenAlgorithm) -> TokenSigner<'static> {
    TokenSigner { ring: Arc::clone(ring), access_token_signing_alg, issuer: ISSUER, now: 1_000 }
}

fn header(algorithm: &str, kid: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": algorithm, "typ": "at+jwt", "kid": kid }).to_string())
}

fn token() -> AccessToken {
    AccessToken {
        id: "family.random".to_owned(),
        client_id: "app".to_owned(),
        subject: "alice".to_owned(),
        scope: vec!["openid".to_owned(), "read".to_owned()],
        auth_time: Some(900),
        issued_at: 1_000,
        expires_at: 4_600,
    }
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn an_access_token_has_the_claims_of_rfc_9068_and_is_read_back() {
    let ring = ring();
    for algorithm in TokenAlgorithm::ALL {
        let text = tokens(&ring, algorithm).access_token(&token()).unwrap();
        let kid = ring.current_kid(algorithm, 0);
        assert_eq!(part(&text, 0), json!({ "alg": algorithm.name(), "typ": "at+jwt", "kid": kid }));
        let claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": ISSUER, "iat": 1_000, "exp": 4_600, "client_id": "app",
            "jti": "family.random", "scope": "openid read", "auth_time": 900,
        });
        assert_eq!(part(&text, 1), claims);
        assert_eq!(read_access_token(&text, &ring, ISSUER), Some(token()), "{algorithm}");
    }
}

#[test]
fn what_this_issuer_did_not_sign_as_an_access_token_is_none() {
    let (ring, other) = (ring(), ring());
    let text = tokens(&ring, TokenAlgorithm::Es256).access_token(&token()).unwrap();
    assert_eq!(read_access_token(&text, &other, ISSUER), None, "another key");
    assert_eq!(read_access_token(&text, &ring, "https://other.example"), None, "another issuer");
    let mut spoiled = text.clone().into_bytes();
    let middle = text.find('.').unwrap() + 10;
    spoiled[middle] ^= 1;
    assert_eq!(read_access_token(&String::from_utf8(spoiled).unwrap(), &ring, ISSUER), None, "another claim");
    let id = IdToken {
        algorithm: TokenAlgorithm::Es256,
        subject: "a",
        client_id: "b",
        nonce: None,
        auth_time: None,
        access_token: None,
        validity: Duration::from_secs(1),
    };
    let id_token = tokens(&ring, TokenAlgorithm::Es256).id_token(&id).unwrap();
    assert_eq!(read_access_token(&id_token, &ring, ISSUER), None, "another kind");
    let (_, rest) = text.split_once('.').unwrap();
    for algorithm in ["none", "RS256", "HS256", "ES256"] {
        let kid = ring.current_kid(TokenAlgorithm::Rs256, 0);
        let forged = format!("{}.{rest}", header(algorithm, kid));
        assert_eq!(read_access_token(&forged, &ring, ISSUER), None, "{algorithm} under the RS256 key's kid");
    }
}

#[test]
fn the_algorithm_of_a_token_must_be_that_of_the_key_that_it_names() {
    let ring = ring();
    let [rs256, es256] = TokenAlgorithm::ALL.map(|algorithm| ring.current_kid(algorithm, 0));
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({ "iss": ISSUER, "sub": "a" }).to_string());
    for (algorithm, kid) in [("RS256", es256), ("ES256", rs256), ("PS256", rs256), ("ES384", es256)] {
        let input = format!("{}.{claims}", header(algorithm, kid));
        assert_eq!(read_access_token(&format!("{input}.AAAA"), &ring, ISSUER), None, "{algorithm}");
    }
}

#[test]
fn an_id_token_is_for_its_client_and_bound_to_nonce_and_access_token() {
    let id = |algorithm| IdToken {
        algorithm,
        subject: "alice",
        client_id: "app",
        nonce: Some("n"),
        auth_time: Some(900),
        // The example of OpenID Connect Core appendix A.3 has this hash.
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        validity: Duration::from_secs(60),
    };
    let ring = ring();
    for algorithm in TokenAlgorithm::ALL {
        let text = tokens(&ring, TokenAlgorithm::Es256).id_token(&id(algorithm)).unwrap();
        let kid = ring.current_kid(algorithm, 0);
        assert_eq!(part(&text, 0), json!({ "alg": algorithm.name(), "typ": "JWT", "kid": kid }));
        let claims = json!({
            "iss": ISSUER, "sub": "alice", "aud": "app", "iat": 1_000, "exp": 1_060, "nonce": "n", "auth_time": 900,
            "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
        });
        assert_eq!(part(&text, 1), claims);
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(text in "\\PC{0,60}(\\.\\PC{0,60}){0,3}") {
        static RING: LazyLock<Arc<KeyRing>> = LazyLock::new(ring);
        prop_assert_eq!(read_access_token(&text, &RING, ISSUER), None);
    }
}
