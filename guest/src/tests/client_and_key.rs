//! Client and key (rules 9 to 14).

use super::*;

fn registered(change: impl FnOnce(&mut Registration)) -> &'static str {
    after(|world| change(world.registration.as_mut().expect("a client")))
}

fn setting(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn issuer_and_subject_are_equal_strings() {
    for value in [None, Some(json!(5)), Some(Value::Null), Some(json!("")), Some(json!([CLIENT]))] {
        assert_eq!(with_claim("iss", value.clone()), "issuer-invalid");
        assert_eq!(with_claim("sub", value), "subject-invalid");
    }
    assert_eq!(with_claim("iss", json!("other")), "issuer-subject-mismatch");
    assert_eq!(with_claim("iss", json!(format!("{CLIENT} "))), "issuer-subject-mismatch");
}

#[test]
fn an_unknown_client_is_rejected() {
    assert_eq!(after(|world| world.registration = None), "unknown-client");
    let other_case = after(|world| {
        world.claims["iss"] = json!(CLIENT.to_lowercase());
        world.claims["sub"] = json!(CLIENT.to_lowercase());
    });
    assert_eq!(other_case, "unknown-client");
}

#[test]
fn a_client_of_another_method_is_rejected() {
    for method in ["client_secret_basic", "none", "Private_key_jwt"] {
        assert_eq!(registered(|client| client.auth_method = Some(method.to_owned())), "method-not-registered");
    }
    assert_eq!(registered(|client| client.auth_method = Some("private_key_jwt".to_owned())), "ok");
}

#[test]
fn the_registered_algorithm_is_the_only_one() {
    assert_eq!(registered(|client| client.signing_alg = Some("RS256".to_owned())), "ok");
    for name in ["PS256", "rs256", ""] {
        assert_eq!(registered(|client| client.signing_alg = Some(name.to_owned())), "algorithm-not-registered");
    }
    for (registered, sent) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        let verdict = after(|world| {
            world.header["alg"] = json!(sent);
            world.registration.as_mut().expect("a client").signing_alg = Some(registered.to_owned());
        });
        assert_eq!(verdict, "ok");
    }
}

#[test]
fn the_allow_list_of_the_listener_and_of_the_client_holds() {
    let allowed = |alg: &str, own: Option<&str>| {
        after(|world| {
            world.header["alg"] = json!(alg);
            world.properties.push(("AllowedAlgorithms", "PS256"));
            let settings = &mut world.registration.as_mut().expect("a client").settings;
            settings.extend(own.map(|name| setting("AllowedAlgorithms", name)));
        })
    };
    assert_eq!(allowed("PS256", None), "ok");
    assert_eq!(allowed("RS256", None), "algorithm-not-allowed");
    assert_eq!(allowed("ES256", Some("ES256")), "ok");
    assert_eq!(allowed("PS256", Some("ES256")), "algorithm-not-allowed");
}

#[test]
fn overrides_of_a_client_take_effect_and_bad_ones_refuse_it() {
    let with = |name: &str, value: &str| registered(|client| client.settings.push(setting(name, value)));
    assert_eq!(with("MaxLifetimeInMinutes", "1"), "ok");
    assert_eq!(with("Profile", "fapi2"), "algorithm-not-allowed");
    assert_eq!(with("RequireJti", "false"), "client-settings-invalid");
    assert_eq!(with("AudienceMode", "lax"), "client-settings-invalid");
}

#[test]
fn a_client_without_a_key_costs_one_verification_too() {
    let refusals: [(&str, Change); 7] = [
        ("unknown-client", |world| world.registration = None),
        ("method-not-registered", |world| {
            world.registration.as_mut().expect("a client").auth_method = Some("none".to_owned());
        }),
        ("client-settings-invalid", |world| {
            world.registration.as_mut().expect("a client").settings = vec![setting("X", "1")];
        }),
        ("algorithm-not-allowed", |world| world.properties.push(("AllowedAlgorithms", "ES256"))),
        ("algorithm-not-registered", |world| {
            world.registration.as_mut().expect("a client").signing_alg = Some("ES256".to_owned());
        }),
        ("keys-unusable", |world| world.keys = Err(LookupError::Unusable("no JWKS".to_owned()))),
        ("no-matching-key", |world| world.keys = Ok(Vec::new())),
    ];
    for (reason, change) in refusals {
        let mut world = World::default();
        change(&mut world);
        assert_eq!((world.verdict(), world.decoys.get(), world.verified.get()), (reason, 1, 1));
        assert!(world.used.borrow().is_empty());
    }
}

#[test]
fn a_part_that_is_down_fails_closed() {
    assert_eq!(after(|world| world.directory_down = true), "unavailable");
    assert_eq!(after(|world| world.keys = Err(LookupError::Unavailable("keys".to_owned()))), "unavailable");
}

#[test]
fn a_wrong_signature_is_rejected() {
    assert_eq!(after(|world| world.signature = b"forged".to_vec()), "signature-invalid");
}

#[test]
fn candidates_are_tried_in_turn_up_to_eight() {
    let wrong = || FakeKey { wrong: true, ..FakeKey::default() };
    let after_wrong = |count: usize| {
        after(|world| {
            let mut keys: Vec<_> = (0..count).map(|_| wrong()).collect();
            keys.push(FakeKey::default());
            world.keys = Ok(keys);
        })
    };
    assert_eq!(after_wrong(7), "ok");
    assert_eq!(after_wrong(8), "signature-invalid");
}

#[test]
fn a_key_that_does_not_fit_is_passed_over() {
    let misfit = || FakeKey {
        unsupported: Some(Unsupported::KeyMismatch("RSA key of 1024 bits".to_owned())),
        ..FakeKey::default()
    };
    assert_eq!(after(|world| world.keys = Ok(vec![misfit()])), "key-unsupported");
    assert_eq!(after(|world| world.keys = Ok(vec![misfit(), FakeKey::default()])), "ok");
    let wrong = FakeKey { wrong: true, ..FakeKey::default() };
    assert_eq!(after(|world| world.keys = Ok(vec![misfit(), wrong])), "signature-invalid");
}

#[test]
fn the_validity_of_a_certificate_is_enforced_warned_about_or_ignored() {
    let now = i64::try_from(NOW).unwrap();
    let judge = |mode: &'static str, start: i64, end: i64| {
        let world = World {
            keys: Ok(vec![FakeKey::valid(start, end)]),
            properties: vec![("CertificateValidity", mode)],
            ..World::default()
        };
        (world.verdict(), world.warnings.borrow().len())
    };
    assert_eq!(judge("enforce", now, now), ("ok", 0));
    assert_eq!(judge("enforce", now - 9, now - 1), ("certificate-expired", 0));
    assert_eq!(judge("enforce", now + 1, now + 9), ("certificate-not-yet-valid", 0));
    assert_eq!(judge("warn", now - 9, now - 1), ("ok", 1));
    assert_eq!(judge("warn", now - 9, now + 1), ("ok", 0));
    assert_eq!(judge("ignore", now + 1, now + 9), ("ok", 0));
}

#[test]
fn only_the_holder_of_the_key_learns_that_its_certificate_has_expired() {
    let verdict = after(|world| {
        world.keys = Ok(vec![FakeKey::valid(0, 1)]);
        world.signature = b"forged".to_vec();
    });
    assert_eq!(verdict, "signature-invalid");
}

#[test]
fn an_expired_certificate_does_not_hide_a_good_one() {
    assert_eq!(after(|world| world.keys = Ok(vec![FakeKey::valid(0, 1), FakeKey::default()])), "ok");
}

#[test]
fn a_key_that_replaced_another_one_at_a_jwks_uri_is_found_at_the_first_request() {
    let key = |source: &str, thumbprint: &str, wrong| FakeKey {
        description: KeyDescription {
            source: source.to_owned(),
            thumbprint: thumbprint.to_owned(),
            ..KeyDescription::default()
        },
        wrong,
        ..FakeKey::default()
    };
    let replaced = |source: &str, newer: FakeKey| {
        after(|world| {
            world.keys = Ok(vec![key(source, "old", true)]);
            world.newer = Some(vec![newer]);
        })
    };
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "new", false)), "ok");
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "new", true)), "signature-invalid");
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "old", false)), "signature-invalid");
    assert_eq!(
        replaced("jwks", key("jwks", "new", false)),
        "signature-invalid",
        "only published keys change by themselves"
    );
}
