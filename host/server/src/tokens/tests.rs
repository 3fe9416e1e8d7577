use dropins_keys::KeyFamily;
use proptest::prelude::*;

use super::*;

const ISSUER: &str = "https://is.example";

fn ring() -> Ring {
    Ring::of(SigningKey::generate(KeyFamily::P256).unwrap()).unwrap()
}

fn tokens(ring: &Ring) -> Tokens<'static> {
    Tokens { key: Arc::clone(ring.current(0)), issuer: ISSUER, now: 1_000 }
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
    let text = tokens(&ring).access_token(&token()).unwrap();
    let kid = ring.current(0).thumbprint();
    assert_eq!(part(&text, 0), json!({ "alg": "ES256", "typ": "at+jwt", "kid": kid }));
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": ISSUER, "iat": 1_000, "exp": 4_600, "client_id": "app",
        "jti": "family.random", "scope": "openid read", "auth_time": 900,
    });
    assert_eq!(part(&text, 1), claims);
    assert_eq!(AccessToken::read(&text, &ring, ISSUER), Some(token()));
}

#[test]
fn what_this_issuer_did_not_sign_as_an_access_token_is_none() {
    let (ring, other) = (ring(), ring());
    let text = tokens(&ring).access_token(&token()).unwrap();
    assert_eq!(AccessToken::read(&text, &other, ISSUER), None, "another key");
    assert_eq!(AccessToken::read(&text, &ring, "https://other.example"), None, "another issuer");
    let mut spoiled = text.clone().into_bytes();
    let middle = text.find('.').unwrap() + 10;
    spoiled[middle] ^= 1;
    assert_eq!(AccessToken::read(&String::from_utf8(spoiled).unwrap(), &ring, ISSUER), None, "another claim");
    let id = IdToken {
        subject: "a",
        client_id: "b",
        nonce: None,
        auth_time: None,
        access_token: None,
        validity: Duration::from_secs(1),
    };
    let id_token = tokens(&ring).id_token(&id).unwrap();
    assert_eq!(AccessToken::read(&id_token, &ring, ISSUER), None, "another kind");
    let (header, rest) = text.split_once('.').unwrap();
    let none = BASE64_URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "at+jwt" }).to_string());
    assert_ne!(header, none);
    assert_eq!(AccessToken::read(&format!("{none}.{rest}"), &ring, ISSUER), None, "no algorithm");
}

#[test]
fn an_id_token_is_for_its_client_and_bound_to_nonce_and_access_token() {
    let id = IdToken {
        subject: "alice",
        client_id: "app",
        nonce: Some("n"),
        auth_time: Some(900),
        // The example of OpenID Connect Core appendix A.3 has this hash.
        access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
        validity: Duration::from_secs(60),
    };
    let ring = ring();
    let text = tokens(&ring).id_token(&id).unwrap();
    assert_eq!(part(&text, 0)["typ"], "JWT");
    let claims = json!({
        "iss": ISSUER, "sub": "alice", "aud": "app", "iat": 1_000, "exp": 1_060, "nonce": "n", "auth_time": 900,
        "at_hash": "77QmUPtjPfzWtF2AnpK9RQ",
    });
    assert_eq!(part(&text, 1), claims);
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_read(text in "\\PC{0,60}(\\.\\PC{0,60}){0,3}") {
        prop_assert_eq!(AccessToken::read(&text, &ring(), ISSUER), None);
    }
}
