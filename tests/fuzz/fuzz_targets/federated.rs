//! Tokens of trusted issuers, from the request to the verdict: never panics, and what is accepted names exactly the issuer
//! and the subject that are known, for this server alone.
//!
//! The first byte chooses the assertion type and whether the input is a token as it is, or JSON texts that are made one.
//! Every signature is valid: only the reader and the rules can reject.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_plugin::assertion::{JWT_BEARER, JWT_SPIFFE};
use dropins_plugin::{
    Clients, Hint, KeyDescription, Keys, Log, LookupError, PublicKey, Registration, Request, Services, Unsupported,
};
use federated_jwt_authenticator::{Authenticated, Policy, Report, claimed_client, is_engaged, judge, trust_domain};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const ISSUER: &str = "https://localhost:9443";
const NOW: u64 = 1_700_000_000;

/// Knows the parties that the seeds name.
struct Known {
    kind: &'static str,
}

impl Clients for Known {
    fn lookup(&self, _: &str) -> Result<Option<Registration>, String> {
        panic!("a client is looked up by its subject")
    }

    fn lookup_subject(&self, issuer: &str, subject: &str) -> Result<Option<Registration>, String> {
        let settings = vec![("issuer.kind".to_owned(), self.kind.to_owned())];
        let known = [("https://a.example", "worker"), ("spiffe://a.example", "spiffe://a.example/worker")];
        let known = known.contains(&(issuer, subject));
        Ok(known.then(|| Registration { id: "worker".to_owned(), settings, ..Registration::default() }))
    }
}

impl Keys for Known {
    fn candidates(&self, _: &str, _: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        panic!("the client's own keys do not count")
    }

    fn of_issuer(&self, _: &str, _: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        Ok(vec![Box::new(Valid)])
    }

    fn decoy(&self, _: &str) -> Option<Box<dyn PublicKey>> {
        None
    }
}

struct Valid;

impl PublicKey for Valid {
    fn describe(&self) -> KeyDescription {
        KeyDescription::default()
    }

    fn jwk(&self) -> String {
        "{}".to_owned()
    }

    fn verify(&self, _: &str, _: &[u8], _: &[u8]) -> Result<bool, Unsupported> {
        Ok(true)
    }
}

impl Log for Known {
    fn warn(&self, _: &str) {}
}

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let (assertion_type, kind) = if first & 1 == 0 { (JWT_BEARER, "oidc") } else { (JWT_SPIFFE, "spiffe") };
    let token = if first & 2 == 0 {
        text.to_owned()
    } else {
        let (header, claims) = text.split_once('\n').unwrap_or((text, ""));
        [header, claims, "signature"].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
    };
    let request = Request {
        issuer: ISSUER,
        form: vec![("client_assertion_type", assertion_type), ("client_assertion", &token)],
        now: NOW * 1000,
        ..Request::default()
    };
    let _ = claimed_client(&request);
    if !is_engaged(&request) {
        return;
    }
    let known = Known { kind };
    let services = Services { clients: &known, keys: &known, log: &known };
    let Ok(Authenticated { client, .. }) = judge(&request, &Policy::default(), &services, &mut Report::on()) else {
        return;
    };
    // Another reader finds the same.
    let claims = token.split('.').nth(1).expect("three parts");
    let claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).expect("base64url")).expect("JSON");
    assert_eq!(claims["sub"], client.attribute("sub").unwrap_or_default());
    match kind {
        "spiffe" => assert_eq!(client.attribute("sub").and_then(trust_domain), client.attribute("iss")),
        _ => assert_eq!(claims["iss"].as_str(), client.attribute("iss")),
    }
    assert!(claims["aud"] == ISSUER || claims["aud"] == serde_json::json!([ISSUER]));
    let exp = claims["exp"].as_f64().expect("a time");
    assert!(exp > (NOW - 31) as f64 && exp <= (NOW + 3631) as f64);
});
