//! The assertion, from the request to the verdict: never panics, and another reader of JSON and base64url finds the
//! same in what is accepted.
//!
//! The first byte chooses a token as it is, or JSON texts that are made one, since no mutation would hit base64url. Every
//! signature is valid and every client known: only the reader and the rules can reject.

#![no_main]

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_plugin::{
    Clients, Hint, KeyDescription, Keys, Log, LookupError, PublicKey, Registration, Request, Requirement, Services,
    Unsupported,
};
use libfuzzer_sys::fuzz_target;
use private_key_jwt_authenticator::{ASSERTION_TYPE, Authenticated, Policy, Report, claimed_client, judge};
use serde_json::Value;

const ISSUER: &str = "https://localhost:9443";
const NOW: u64 = 1_700_000_000;

struct Everything;

impl Clients for Everything {
    fn lookup(&self, client_id: &str) -> Result<Option<Registration>, String> {
        Ok(Some(Registration { id: client_id.to_owned(), ..Registration::default() }))
    }
}

impl Keys for Everything {
    fn candidates(&self, _: &str, _: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        Ok(vec![Box::new(Self)])
    }

    fn decoy(&self, _: &str) -> Option<Box<dyn PublicKey>> {
        Some(Box::new(Self))
    }
}

impl PublicKey for Everything {
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

impl Log for Everything {
    fn warn(&self, _: &str) {}
}

fn read(part: Option<&str>) -> Value {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part.expect("three parts")).expect("canonical base64url");
    serde_json::from_slice(&bytes).expect("JSON")
}

fuzz_target!(|data: &[u8]| {
    let [choice, body @ ..] = data else { return };
    let token = if choice & 1 == 1 {
        let Ok(text) = str::from_utf8(body) else { return };
        text.to_owned()
    } else {
        let mut parts = body.splitn(3, |byte| *byte == 0).collect::<Vec<_>>();
        parts.resize(3, b"signature");
        parts.into_iter().map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join(".")
    };
    let mode = ["auto", "strict", "legacy"][usize::from(choice >> 1 & 3) % 3];
    let profile = ["none", "fapi2", "smart", "obbr"][usize::from(choice >> 6)];
    let policy = Policy::from_properties(&[("AudienceMode", mode), ("Profile", profile)]).expect("good properties");
    let request = Request {
        endpoint: "https://localhost:9443/oauth2/par",
        issuer: ISSUER,
        token_endpoint: "https://localhost:9443/oauth2/token",
        form: vec![("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &token)],
        now: NOW * 1000,
        ..Request::default()
    };
    let services = Services { clients: &Everything, keys: &Everything, log: &Everything };
    let _claimed = claimed_client(&request);
    let mut report = Report::on();
    let verdict = judge(&request, &policy, &services, &mut report);
    let accepted = verdict.as_ref().ok().cloned();
    let _checks = report.finish(&verdict);
    let Some(Authenticated { client, conditions }) = accepted else { return };
    let condition = conditions.first().map(|condition| &condition.requirement);
    let Some(Requirement::Unused(unused)) = condition else { panic!("what is accepted has an identifier to consume") };
    assert!(unused.expires_at >= NOW && unused.expires_at <= NOW + 25 * 3600, "it is remembered until it has expired");
    assert!((1..=255).contains(&unused.identifier.len()), "it fits the column");

    let mut parts = token.split('.');
    let (header, claims) = (read(parts.next()), read(parts.next()));
    assert!(header["alg"].as_str().is_some_and(|alg| alg != "none" && !alg.starts_with("HS")));
    assert!(["crit", "b64", "enc", "zip"].iter().all(|name| header.get(*name).is_none()));
    assert_eq!((claims["sub"].as_str(), claims["iss"].as_str()), (Some(&*client.id), Some(&*client.id)));
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp + 30.0 >= NOW as f64));
    assert_eq!(claims["jti"].as_str(), client.attribute("jti"));
    assert!(claims["aud"].as_str().is_some_and(|one| one.starts_with(ISSUER)) || claims["aud"].is_array());
});
