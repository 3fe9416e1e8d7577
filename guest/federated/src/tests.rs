//! Both sides of every rule that is this plug-in's own, against the server of [`crate::testing`].

use dropins_plugin::assertion::{JWT_BEARER, JWT_SPIFFE};
use dropins_plugin::testing::{Judged, TestKey};
use dropins_plugin::{Condition, LookupError, Requirement, State, Unsupported};
use serde_json::{Value, json};

use crate::testing::*;
use crate::*;

fn with_claim(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    after(|world| change(&mut world.claims, name, value.into()))
}

fn with_spiffe(change: impl FnOnce(&mut World)) -> &'static str {
    let mut world = World::spiffe();
    change(&mut world);
    world.verdict()
}

fn change(object: &mut Value, name: &str, value: Option<Value>) {
    let object = object.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
}

/// The one condition of a verdict.
fn condition(judged: &Judged<Reason>) -> &Condition<Reason> {
    let [condition] = judged.authenticated().expect("a client").conditions.as_slice() else { panic!("one condition") };
    condition
}

#[test]
fn a_token_of_a_trusted_issuer_authenticates_the_client_that_is_known_by_its_subject() {
    let judged = World::default().judge();
    let client = &judged.authenticated().unwrap().client;
    assert_eq!((judged.verdict, client.id.as_str(), client.method), ("authenticated", CLIENT, "private_key_jwt"));
    assert_eq!((judged.attribute("iss"), judged.attribute("sub")), (Some(CLUSTER), Some(SUBJECT)));
    let Requirement::Unused(unused) = &condition(&judged).requirement else { panic!("used once") };
    assert_eq!((unused.identifier.as_str(), unused.issued_at), ("one", Some(NOW)));
    assert_eq!((unused.expires_at, unused.retry_window), (NOW + 630, 0));
    let judged = World::spiffe().judge();
    assert_eq!(judged.authenticated().unwrap().client.method, "spiffe_jwt");
    assert_eq!(judged.attribute("iss"), Some(DOMAIN));
}

#[test]
fn only_tokens_of_other_issuers_and_jwt_svids_are_claimed() {
    let engaged = |kind: &str, world: &World| {
        let mut form = world.form();
        form.retain(|(name, _)| name != "client_assertion_type");
        form.push(("client_assertion_type".to_owned(), kind.to_owned()));
        let form = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        is_engaged(&Request { form, ..Request::default() })
    };
    let mut own = World::default();
    own.claims["sub"] = json!(CLUSTER);
    assert!(engaged(JWT_BEARER, &World::default()) && !engaged(JWT_BEARER, &own));
    assert!(engaged(JWT_SPIFFE, &World::spiffe()) && engaged(JWT_SPIFFE, &own));
    assert!(!engaged(JWT_BEARER, &World::spiffe()), "without iss it is a client's own, malformed");
    let garbage = World { token: Some("garbage".to_owned()), ..World::default() };
    assert!(!engaged(JWT_BEARER, &garbage) && engaged(JWT_SPIFFE, &garbage));
    assert!(!engaged("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", &World::default()));
    assert!(!is_engaged(&Request { form: vec![("client_id", "a")], ..Request::default() }));
}

#[test]
fn the_claimed_client_is_the_parameter_or_the_subject() {
    let world = World::default();
    let form = world.form();
    let mut form: Vec<_> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let claimed = |form: &[(&str, &str)]| claimed_client(&Request { form: form.to_vec(), ..Request::default() });
    assert_eq!(claimed(&form).as_deref(), Some(SUBJECT));
    form.push(("client_id", CLIENT));
    assert_eq!(claimed(&form).as_deref(), Some(CLIENT));
}

#[test]
fn issuer_and_subject_are_compared_exactly() {
    for issuer in ["https://kubernetes.default.svc.cluster.local/", "https://other.example"] {
        assert_eq!(with_claim("iss", json!(issuer)), "issuer-keys-unusable", "{issuer}");
    }
    for subject in ["system:serviceaccount:orders:workers", "system:serviceaccount:orders:default", " "] {
        assert_eq!(with_claim("sub", json!(subject)), "unknown-subject", "{subject}");
    }
}

#[test]
fn no_client_is_looked_up_before_the_signature_is_right() {
    for change in [
        |world: &mut World| world.signature = Some(b"forged".to_vec()),
        |world: &mut World| world.keys(Ok(Vec::new())),
        |world: &mut World| world.claims["iss"] = json!("https://other.example"),
    ] {
        let mut world = World::default();
        change(&mut world);
        assert_ne!(world.verdict(), "authenticated");
        assert!(world.server.asked().subjects.is_empty());
    }
    let good = World::default();
    assert_eq!(good.verdict(), "authenticated");
    assert_eq!(good.server.asked().subjects, [(CLUSTER.to_owned(), SUBJECT.to_owned())]);
}

#[test]
fn an_issuer_that_is_not_trusted_costs_as_much_as_a_wrong_signature() {
    let decoys = |change: fn(&mut World)| {
        let mut world = World::default();
        change(&mut world);
        let verdict = world.verdict();
        (verdict, world.server.asked().decoys)
    };
    assert_eq!(decoys(|world| world.claims["iss"] = json!("https://other.example")), ("issuer-keys-unusable", 1));
    assert_eq!(decoys(|world| world.keys(Ok(Vec::new()))), ("no-matching-key", 1));
    assert_eq!(decoys(|world| world.signature = Some(b"forged".to_vec())), ("signature-invalid", 0));
    assert_eq!(decoys(|_| {}), ("authenticated", 0));
}

#[test]
fn keys_that_are_down_and_a_directory_that_is_down_differ() {
    let unusable = Err(LookupError::Unusable("its JWK set cannot be fetched".to_owned()));
    assert_eq!(after(|world| world.keys(unusable)), "issuer-keys-unusable");
    assert_eq!(after(|world| world.keys(Err(LookupError::Unavailable("keys".to_owned())))), "unavailable");
    assert_eq!(after(|world| world.server.directory_down = true), "unavailable");
}

#[test]
fn a_key_that_cannot_verify_is_unsupported_and_a_wrong_one_is_not() {
    let mut mismatched = signing();
    mismatched.unsupported = Some(Unsupported::KeyMismatch("x".to_owned()));
    let with = |keys: &[TestKey]| after(|world| world.keys(Ok(keys.to_vec())));
    assert_eq!(with(std::slice::from_ref(&mismatched)), "key-unsupported");
    assert_eq!(with(&[mismatched.clone(), wrong()]), "signature-invalid");
    assert_eq!(with(&[mismatched, wrong(), signing()]), "authenticated");
    let ninth = [vec![wrong(); 8], vec![signing()]].concat();
    assert_eq!(with(&ninth), "signature-invalid", "eight keys are tried");
}

#[test]
fn a_key_that_its_issuer_replaced_is_found_at_the_first_request() {
    let from = |key: TestKey, thumbprint: &str, source: &str| {
        let mut key = key;
        (key.description.thumbprint, key.description.source) = (thumbprint.to_owned(), source.to_owned());
        key
    };
    let replaced = |source: &str, newer: &str| {
        let mut world = World::default();
        world.keys(Ok(vec![from(wrong(), "old", source)]));
        world.server.issuers[0].newer = Some(vec![from(signing(), newer, source)]);
        (world.verdict(), world.server.asked().hints.len())
    };
    assert_eq!(replaced("jwks_uri:https://a.example/", "new"), ("authenticated", 2));
    assert_eq!(replaced("jwks_uri:https://a.example/", "old"), ("signature-invalid", 2));
    assert_eq!(replaced("jwks", "new"), ("signature-invalid", 1));
}

#[test]
fn client_id_is_absent_or_that_of_the_client() {
    let with = |id: &str| after(|world| world.form.push(("client_id".to_owned(), id.to_owned())));
    assert_eq!(
        [with(CLIENT), with(""), with(SUBJECT), with("Worker")],
        ["authenticated", "authenticated", "client-id-mismatch", "client-id-mismatch"]
    );
}

#[test]
fn a_client_without_a_method_or_with_one_of_assertions_is_accepted_under_its_own() {
    let method = |name: Option<&str>, spiffe: bool| {
        let mut world = if spiffe { World::spiffe() } else { World::default() };
        world.registration().auth_method = name.map(str::to_owned);
        let judged = world.judge();
        judged.authenticated().map(|authenticated| authenticated.client.method).ok_or(judged.verdict)
    };
    for spiffe in [false, true] {
        assert_eq!(method(Some("private_key_jwt"), spiffe), Ok("private_key_jwt"));
        assert_eq!(method(Some("spiffe_jwt"), spiffe), Ok("spiffe_jwt"));
        for other in ["client_secret_basic", "none", "tls_client_auth"] {
            assert_eq!(method(Some(other), spiffe), Err("method-not-registered"));
        }
    }
    assert_eq!((method(None, false), method(None, true)), (Ok("private_key_jwt"), Ok("spiffe_jwt")));
}

#[test]
fn the_algorithm_is_allowed_and_the_one_that_the_client_registered() {
    let registered = |alg: &str| after(|world| world.registration().signing_alg = Some(alg.to_owned()));
    assert_eq!((registered("RS256"), registered("ES256")), ("authenticated", "algorithm-not-registered"));
    assert_eq!(after(|world| world.property("AllowedAlgorithms", "ES256")), "algorithm-not-allowed");
    assert_eq!(after(|world| world.header["alg"] = json!("none")), "algorithm-unknown");
    assert_eq!(after(|world| world.header["alg"] = json!("HS256")), "algorithm-unknown");
}

#[test]
fn the_audience_is_this_server_alone() {
    for aud in [json!(SERVER), json!([SERVER])] {
        assert_eq!(with_claim("aud", aud), "authenticated");
    }
    for aud in [
        json!("https://kubernetes.default.svc"),
        json!([SERVER, "https://kubernetes.default.svc"]),
        json!([SERVER, SERVER]),
        json!("https://server.example/oauth2/token"),
        json!("https://server.example/"),
    ] {
        assert_eq!(with_claim("aud", aud), "audience-mismatch");
    }
    for aud in [None, Some(json!([])), Some(json!(5)), Some(Value::Null)] {
        assert_eq!(with_claim("aud", aud), "audience-invalid");
    }
}

#[test]
fn the_lifetime_is_that_of_the_issuer_and_counts_from_iat_too() {
    let lives = |iat: Option<i64>, exp: i64, longest: &str| {
        #[expect(clippy::cast_possible_wrap, reason = "a small number")]
        let time = |offset: i64| json!(NOW as i64 + offset);
        after(|world| {
            world.set("issuer.max_lifetime", longest);
            change(&mut world.claims, "nbf", None);
            change(&mut world.claims, "iat", iat.map(time));
            world.claims["exp"] = time(exp);
        })
    };
    assert_eq!([lives(Some(0), 3600, "3600"), lives(Some(0), 3601, "3600")], ["authenticated", "lifetime-too-long"]);
    assert_eq!(lives(Some(-3000), 601, "3600"), "lifetime-too-long", "an old token of a long life");
    assert_eq!(lives(Some(-3000), 600, "3600"), "authenticated");
    assert_eq!([lives(None, 3630, "3600"), lives(None, 3631, "3600")], ["authenticated", "lifetime-too-long"]);
    assert_eq!(lives(Some(0), 86_400, "86400"), "authenticated");
    assert_eq!([lives(Some(-60), -29, "3600"), lives(Some(-60), -30, "3600")], ["authenticated", "expired"]);
    assert_eq!([lives(Some(30), 600, "3600"), lives(Some(31), 600, "3600")], ["authenticated", "issued-in-future"]);
    assert_eq!(after(|world| world.set("issuer.max_lifetime", "forever")), "unavailable");
}

#[test]
fn a_token_that_may_be_used_again_bounds_what_is_issued_for_it() {
    let mut world = World::default();
    world.set("issuer.allow_reuse", "true");
    for jti in [Some(json!("one")), None] {
        change(&mut world.claims, "jti", jti);
        let judged = world.judge();
        assert_eq!(condition(&judged).requirement, Requirement::NotAfter(NOW + 600));
        assert_eq!(condition(&judged).reason, Reason::Expired);
    }
    change(&mut world.claims, "jti", Some(json!("")));
    assert_eq!(world.verdict(), "jti-invalid");
    assert_eq!(with_claim("jti", None), "jti-missing");
}

#[test]
fn a_jwt_svid_is_of_the_trust_domain_of_its_subject() {
    for typ in [json!("JWT"), json!("JOSE"), json!("jose")] {
        assert_eq!(with_spiffe(|world| world.header["typ"] = typ), "authenticated");
    }
    assert_eq!(with_spiffe(|world| world.header["typ"] = json!("client-authentication+jwt")), "token-type-wrong");
    assert_eq!(after(|world| world.header["typ"] = json!("JOSE")), "token-type-wrong");
    assert_eq!(after(|world| world.header["typ"] = json!("at+jwt")), "token-type-wrong");
    assert_eq!(with_spiffe(|world| world.claims["iss"] = json!("https://spire.example.org")), "authenticated");
    assert_eq!(
        with_spiffe(|world| world.claims["sub"] = json!("spiffe://other.org/orders/worker")),
        "issuer-keys-unusable"
    );
    assert_eq!(
        with_spiffe(|world| world.claims["sub"] = json!("spiffe://example.org/orders/other")),
        "unknown-subject"
    );
    for sub in [json!("worker"), json!("spiffe://example.org"), json!("spiffe://example.org/a/../b"), json!(5)] {
        assert_eq!(with_spiffe(|world| world.claims["sub"] = sub), "subject-invalid");
    }
}

#[test]
fn each_kind_of_issuer_has_its_own_assertion_type() {
    assert_eq!(after(|world| world.set("issuer.kind", "spiffe")), "issuer-kind-wrong");
    let oidc = with_spiffe(|world| world.registration().settings.clear());
    assert_eq!(oidc, "issuer-kind-wrong");
    let disguised = after(|world| {
        world.set("issuer.kind", "spiffe");
        world.claims["iss"] = json!(DOMAIN);
        world.claims["sub"] = json!(WORKLOAD);
    });
    assert_eq!(disguised, "issuer-kind-wrong");
}

#[test]
fn the_request_is_well_formed() {
    assert_eq!(after(|world| world.form.push(("client_id".to_owned(), CLIENT.to_owned()))), "authenticated");
    let repeated = after(|world| {
        world.form.push(("client_id".to_owned(), CLIENT.to_owned()));
        world.form.push(("client_id".to_owned(), CLIENT.to_owned()));
    });
    assert_eq!(repeated, "repeated-parameter");
    assert_eq!(with_spiffe(|world| world.token = Some(String::new())), "assertion-missing");
    assert_eq!(with_spiffe(|world| world.token = Some("garbage".to_owned())), "not-a-compact-jws");
    assert_eq!(after(|world| world.header["crit"] = json!(["x"])), "header-extension");
}

#[test]
fn every_rule_is_reported_in_order() {
    let checks = World::default().judge().explained;
    assert!(checks.iter().map(|check| check.reason).eq(<Reason as dropins_plugin::Reason>::ALL.iter().copied()));
    let [passed @ .., replayed] = checks.as_slice() else { panic!("rules") };
    assert!(passed.iter().all(|check| check.state == State::Passed && !check.expected.is_empty()));
    assert_eq!((replayed.state, replayed.received.as_str()), (State::NotReached, "jti \"one\""));
    let said = checks.iter().filter(|check| !check.received.is_empty()).count();
    assert!(said >= checks.len() - 12, "{said} of {}", checks.len());
    let mut wrong = World::default();
    wrong.claims["aud"] = json!("https://other.example");
    let checks = wrong.judge().explained;
    let failed: Vec<_> = checks.iter().filter(|check| check.state == State::Failed).collect();
    let [failed] = failed.as_slice() else { panic!("one rule fails") };
    assert_eq!((failed.reason, failed.received.as_str()), (Reason::AudienceMismatch, "\"https://other.example\""));
}

#[test]
fn neither_report_nor_detail_holds_the_token() {
    for change in [
        |world: &mut World| world.claims["aud"] = json!(world.form()[1].1),
        |world: &mut World| world.signature = Some(b"forged".to_vec()),
        |_: &mut World| {},
    ] {
        let mut world = World::default();
        change(&mut world);
        let text = format!("{:?}", world.judge());
        assert!(!text.contains("eyJ"), "{text}");
    }
}

mod any_input {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_token_and_no_property_make_it_panic(
            token in "[A-Za-z0-9_.-]{0,64}",
            kind in "\\PC{0,16}",
            properties in prop::collection::vec((".{0,24}", ".{0,24}"), 0..4),
        ) {
            let mut world = World::spiffe();
            world.token = Some(token.clone());
            let _ = world.judge();
            let form = vec![("client_assertion_type", kind.as_str()), ("client_assertion", token.as_str())];
            let request = Request { form, ..Request::default() };
            let _ = (is_engaged(&request), claimed_client(&request));
            let properties: Vec<_> = properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let _ = Policy::from_properties(&properties);
        }

        #[test]
        fn any_claims_are_judged_without_a_panic(
            iss in "\\PC{0,24}", sub in "\\PC{0,24}", aud in "\\PC{0,24}", exp in any::<f64>(),
        ) {
            let claims = json!({"iss": iss, "sub": sub, "aud": [aud], "exp": exp, "jti": "x"});
            let mut world = World::spiffe();
            world.claims = claims;
            let _ = world.judge();
        }
    }
}
