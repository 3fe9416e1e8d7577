//! Client and key (rules 9 to 14).

use super::*;

fn registered(change: impl FnOnce(&mut Registration)) -> &'static str {
    after(|world| change(&mut world.client().registration))
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
    assert_eq!(after(|world| world.server.clients.clear()), "unknown-client");
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
    assert_eq!(registered(|client| client.auth_method = Some("private_key_jwt".to_owned())), "authenticated");
}

#[test]
fn the_registered_algorithm_is_the_only_one() {
    assert_eq!(registered(|client| client.signing_alg = Some("RS256".to_owned())), "authenticated");
    for name in ["PS256", "rs256", ""] {
        assert_eq!(registered(|client| client.signing_alg = Some(name.to_owned())), "algorithm-not-registered");
    }
    for (registered, sent) in [("EdDSA", "Ed25519"), ("Ed25519", "EdDSA")] {
        let verdict = after(|world| {
            world.header["alg"] = json!(sent);
            world.client().registration.signing_alg = Some(registered.to_owned());
        });
        assert_eq!(verdict, "authenticated");
    }
}

#[test]
fn the_allow_list_of_the_listener_and_of_the_client_holds() {
    let allowed = |alg: &str, own: Option<&str>| {
        after(|world| {
            world.header["alg"] = json!(alg);
            world.properties.push(("AllowedAlgorithms", "PS256"));
            let settings = &mut world.client().registration.settings;
            settings.extend(own.map(|name| setting("AllowedAlgorithms", name)));
        })
    };
    assert_eq!(allowed("PS256", None), "authenticated");
    assert_eq!(allowed("RS256", None), "algorithm-not-allowed");
    assert_eq!(allowed("ES256", Some("ES256")), "authenticated");
    assert_eq!(allowed("PS256", Some("ES256")), "algorithm-not-allowed");
}

#[test]
fn overrides_of_a_client_take_effect_and_bad_ones_refuse_it() {
    let with = |name: &str, value: &str| registered(|client| client.settings.push(setting(name, value)));
    assert_eq!(with("MaxLifetimeInMinutes", "1"), "authenticated");
    assert_eq!(with("Profile", "fapi2"), "algorithm-not-allowed");
    assert_eq!(with("RequireJti", "false"), "client-settings-invalid");
    assert_eq!(with("AudienceMode", "lax"), "client-settings-invalid");
}

#[test]
fn a_client_without_a_key_costs_one_verification_too() {
    let refusals: [(&str, Change); 7] = [
        ("unknown-client", |world| world.server.clients.clear()),
        ("method-not-registered", |world| {
            world.client().registration.auth_method = Some("none".to_owned());
        }),
        ("client-settings-invalid", |world| {
            world.client().registration.settings = vec![setting("X", "1")];
        }),
        ("algorithm-not-allowed", |world| world.properties.push(("AllowedAlgorithms", "ES256"))),
        ("algorithm-not-registered", |world| {
            world.client().registration.signing_alg = Some("ES256".to_owned());
        }),
        ("keys-unusable", |world| world.client().keys = Err(LookupError::Unusable("no JWKS".to_owned()))),
        ("no-matching-key", |world| world.client().keys = Ok(Vec::new())),
    ];
    for (reason, change) in refusals {
        let mut world = World::default();
        change(&mut world);
        assert_eq!(world.verdict(), reason);
        let asked = world.server.asked();
        assert_eq!((asked.decoys, asked.verified), (1, 1), "{reason}");
        assert!(world.server.consumed().is_empty());
    }
}

#[test]
fn a_part_that_is_down_fails_closed() {
    assert_eq!(after(|world| world.server.directory_down = true), "unavailable");
    assert_eq!(after(|world| world.client().keys = Err(LookupError::Unavailable("keys".to_owned()))), "unavailable");
}

#[test]
fn a_wrong_signature_is_rejected() {
    assert_eq!(after(|world| world.signature = Some(b"forged".to_vec())), "signature-invalid");
}

#[test]
fn candidates_are_tried_in_turn_up_to_eight() {
    let after_wrong = |count: usize| {
        after(|world| {
            let mut keys: Vec<_> = (0..count).map(|_| wrong()).collect();
            keys.push(signing());
            world.client().keys = Ok(keys);
        })
    };
    assert_eq!(after_wrong(7), "authenticated");
    assert_eq!(after_wrong(8), "signature-invalid");
}

#[test]
fn a_key_that_does_not_fit_is_passed_over() {
    let misfit = || {
        let mut key = signing();
        key.unsupported = Some(Unsupported::KeyMismatch("RSA key of 1024 bits".to_owned()));
        key
    };
    let with = |keys: Vec<TestKey>| after(|world| world.client().keys = Ok(keys));
    assert_eq!(with(vec![misfit()]), "key-unsupported");
    assert_eq!(with(vec![misfit(), signing()]), "authenticated");
    assert_eq!(with(vec![misfit(), wrong()]), "signature-invalid");
}

#[test]
fn the_validity_of_a_certificate_is_enforced_warned_about_or_ignored() {
    let now = i64::try_from(NOW).unwrap();
    let judge = |mode: &'static str, start: i64, end: i64| {
        let mut world = World { properties: vec![("CertificateValidity", mode)], ..World::default() };
        world.client().keys = Ok(vec![valid(start, end)]);
        let judged = world.judge();
        (judged.verdict, judged.log.len())
    };
    assert_eq!(judge("enforce", now, now), ("authenticated", 0));
    assert_eq!(judge("enforce", now - 9, now - 1), ("certificate-expired", 0));
    assert_eq!(judge("enforce", now + 1, now + 9), ("certificate-not-yet-valid", 0));
    assert_eq!(judge("warn", now - 9, now - 1), ("authenticated", 1));
    assert_eq!(judge("warn", now - 9, now + 1), ("authenticated", 0));
    assert_eq!(judge("ignore", now + 1, now + 9), ("authenticated", 0));
}

#[test]
fn only_the_holder_of_the_key_learns_that_its_certificate_has_expired() {
    let verdict = after(|world| {
        world.client().keys = Ok(vec![valid(0, 1)]);
        world.signature = Some(b"forged".to_vec());
    });
    assert_eq!(verdict, "signature-invalid");
}

#[test]
fn an_expired_certificate_does_not_hide_a_good_one() {
    assert_eq!(after(|world| world.client().keys = Ok(vec![valid(0, 1), signing()])), "authenticated");
}

#[test]
fn a_key_that_replaced_another_one_at_a_jwks_uri_is_found_at_the_first_request() {
    let key = |source: &str, thumbprint: &str, is_wrong| {
        let mut key = if is_wrong { wrong() } else { signing() };
        (key.description.source, key.description.thumbprint) = (source.to_owned(), thumbprint.to_owned());
        key
    };
    let replaced = |source: &str, newer: TestKey| {
        after(|world| {
            world.client().keys = Ok(vec![key(source, "old", true)]);
            world.client().newer = Some(vec![newer]);
        })
    };
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "new", false)), "authenticated");
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "new", true)), "signature-invalid");
    assert_eq!(replaced("jwks_uri:https://c.example/jwks", key("jwks_uri", "old", false)), "signature-invalid");
    assert_eq!(
        replaced("jwks", key("jwks", "new", false)),
        "signature-invalid",
        "only published keys change by themselves"
    );
}
