//! Both sides of every rule, against the fakes of [`crate::testing`].

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_plugin::{Check, LookupError, OAuthError, Reason as _, Registration, State, Unsupported};
use serde_json::{Value, json};

use crate::testing::*;
use crate::*;

/// Sets a claim; `Value::Null` inside `Some` is the JSON null, `None` removes the claim.
fn with_claim(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    after(|world| change(&mut world.claims, name, value.into()))
}

fn with_header(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    after(|world| change(&mut world.header, name, value.into()))
}

fn change(object: &mut Value, name: &str, value: Option<Value>) {
    let object = object.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
}

fn encoded(header: &str, claims: &str) -> String {
    [header, claims, "signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn with_parts(header: &str, claims: &str) -> &'static str {
    after(|world| world.assertion = Some(encoded(header, claims)))
}

fn with_parameter(name: &str, value: &str) -> &'static str {
    after(|world| world.form.push((name.to_owned(), value.to_owned())))
}

fn in_mode(mode: &'static str, aud: Value) -> &'static str {
    after(|world| {
        world.properties.push(("AudienceMode", mode));
        world.properties.push(("TokenEndpointAlias", "sampleurl"));
        world.claims["aud"] = aud;
    })
}

/// Request (rules 1 to 3).
mod request {
    use super::*;

    #[test]
    fn a_good_request_is_authenticated_with_facts_for_the_audit_log() {
        let mut world = World::default();
        world.header["kid"] = json!("k1");
        let client = world.judge(&mut Report::off()).unwrap();
        assert_eq!((client.id.as_str(), client.algorithm), (CLIENT, Algorithm::RS256));
        assert_eq!((client.kid.as_deref(), client.jti.as_deref()), (Some("k1"), Some("one")));
        assert_eq!(world.verified.get(), 1, "one signature is verified");
        assert_eq!(world.decoys.get(), 0);
    }

    #[test]
    fn both_parameters_must_be_there_and_an_empty_one_is_absent() {
        assert_eq!(after(|world| world.form.clear()), "assertion-type-missing");
        assert_eq!(after(|world| world.form[1].1.clear()), "assertion-type-missing");
        assert_eq!(after(|world| world.assertion = Some(String::new())), "assertion-missing");
    }

    #[test]
    fn the_assertion_type_is_compared_exactly() {
        for kind in ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", &ASSERTION_TYPE.to_uppercase(), " "] {
            assert_eq!(after(|world| world.form[1].1 = kind.to_owned()), "assertion-type-wrong", "{kind}");
        }
    }

    #[test]
    fn a_repeated_parameter_is_refused_and_others_may_repeat() {
        for name in ["client_assertion", "client_assertion_type"] {
            assert_eq!(with_parameter(name, ASSERTION_TYPE), "repeated-parameter", "{name}");
        }
        let twice = after(|world| {
            world.form.extend(["client_id", "client_id"].map(|name| (name.to_owned(), CLIENT.to_owned())));
        });
        assert_eq!(twice, "repeated-parameter");
        assert_eq!(with_parameter("resource", "x"), "ok");
    }

    #[test]
    fn client_id_is_optional_and_must_be_the_client_of_the_assertion() {
        assert_eq!(with_parameter("client_id", CLIENT), "ok");
        assert_eq!(with_parameter("client_id", ""), "ok");
        for other in ["other", &CLIENT.to_lowercase(), &format!("{CLIENT} ")] {
            assert_eq!(with_parameter("client_id", other), "client-id-mismatch", "{other}");
        }
    }

    #[test]
    fn a_request_with_one_of_the_two_parameters_is_engaged() {
        let engaged = |form: &[(&'static str, &'static str)]| {
            is_engaged(&Request { form: form.to_vec(), ..Request::default() }, ForeignIssuers::Refuse)
        };
        assert!(engaged(&[("client_assertion", "x")]) && engaged(&[("client_assertion_type", "x")]));
        assert!(!engaged(&[("client_id", "x"), ("client_assertion", "")]) && !engaged(&[]));
    }

    #[test]
    fn an_assertion_of_another_issuer_is_left_only_where_the_policy_says_so() {
        let engaged = |claims: &str, kind: &str, foreign| {
            let assertion = encoded(r#"{"alg":"RS256"}"#, claims);
            let form = vec![("client_assertion", assertion.as_str()), ("client_assertion_type", kind)];
            is_engaged(&Request { form, ..Request::default() }, foreign)
        };
        let foreign = r#"{"iss":"https://issuer.example","sub":"pod"}"#;
        assert!(engaged(foreign, ASSERTION_TYPE, ForeignIssuers::Refuse));
        assert!(!engaged(foreign, ASSERTION_TYPE, ForeignIssuers::Leave));
        for claims in
            [r#"{"iss":"a","sub":"a"}"#, r#"{"iss":5,"sub":"a"}"#, r#"{"iss":"a"}"#, r#"{"sub":"a"}"#, "[]", "{"]
        {
            assert!(engaged(claims, ASSERTION_TYPE, ForeignIssuers::Leave), "{claims}");
        }
        for kind in ["", "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"] {
            assert!(engaged(foreign, kind, ForeignIssuers::Leave), "{kind}");
        }
    }

    #[test]
    fn the_claimed_client_is_the_subject_or_else_the_parameter() {
        let claimed = |assertion: &str| {
            let form = vec![("client_assertion", assertion), ("client_id", "parameter")];
            claimed_client(&Request { form, ..Request::default() })
        };
        assert_eq!(claimed(&encoded("not read", r#"{"sub":"subject"}"#)).as_deref(), Some("subject"));
        for assertion in ["", "x", &encoded("{}", r#"{"sub":5}"#), &encoded("{}", "[]")] {
            assert_eq!(claimed(assertion).as_deref(), Some("parameter"));
        }
    }
}

/// JOSE (rules 4 to 8).
mod jose {
    use super::*;

    #[test]
    fn only_a_compact_jws_in_canonical_encoding_is_read() {
        assert_eq!(after(|world| world.assertion = Some("a.b".to_owned())), "not-a-compact-jws");
        assert_eq!(after(|world| world.assertion = Some("a.b.c.d.e".to_owned())), "not-a-compact-jws");
        assert_eq!(after(|world| world.assertion = Some("e30.e30.A=".to_owned())), "encoding-invalid");
        assert_eq!(after(|world| world.assertion = Some("e31.e30.AA".to_owned())), "encoding-invalid");
        assert_eq!(after(|world| world.assertion = Some("A".repeat(MAX_LENGTH + 1))), "assertion-too-large");
        assert_eq!(after(|world| world.signature.clear()), "signature-missing");
    }

    #[test]
    fn header_and_claims_are_strict_json() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(16), "]".repeat(16));
        let good = r#"{"alg":"RS256"}"#;
        for (flawed, suffix) in
            [("[]", "malformed"), (r#"{"a":1,"\u0061":1}"#, "duplicate-member"), (&deep, "too-deep")]
        {
            assert_eq!(with_parts(flawed, "{}"), format!("header-{suffix}"));
            assert_eq!(with_parts(good, flawed), format!("claims-{suffix}"));
        }
        assert_eq!(with_parts("", "{}"), "header-malformed");
    }

    #[test]
    fn malformed_input_is_an_invalid_request_and_a_wrong_credential_an_invalid_client() {
        for reason in Reason::ALL {
            let malformed = *reason < Reason::HeaderMemberType;
            let expected = if malformed { OAuthError::InvalidRequest } else { OAuthError::InvalidClient };
            assert_eq!(reason.rule().error, expected, "{reason:?}");
        }
    }

    #[test]
    fn members_that_select_the_key_are_strings() {
        for name in ["alg", "typ", "kid", "x5t", "x5t#S256"] {
            for value in [json!(5), Value::Null, json!(["RS256"]), json!({})] {
                assert_eq!(with_header(name, value), "header-member-type", "{name}");
            }
        }
        for name in ["kid", "x5t", "x5t#S256"] {
            assert_eq!(with_header(name, json!("text")), "ok", "{name}");
        }
    }

    #[test]
    fn the_members_reach_the_key_lookup() {
        let world =
            World { header: json!({"alg": "ES256", "kid": "k", "x5t": "t", "x5t#S256": "s"}), ..World::default() };
        assert_eq!(world.verdict(), "ok");
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(world.hint.take(), Some((text("k"), text("t"), text("s"), "ES256")));
    }

    #[test]
    fn every_asymmetric_algorithm_is_accepted_and_no_other() {
        for algorithm in Algorithm::ALL {
            assert_eq!(with_header("alg", json!(algorithm.name())), "ok");
        }
        for name in ["none", "None", "HS256", "HS384", "HS512", "rs256", "ES256K", "RSA-OAEP", ""] {
            assert_eq!(with_header("alg", json!(name)), "algorithm-unknown", "{name}");
        }
        assert_eq!(with_header("alg", None), "algorithm-missing");
    }

    #[test]
    fn an_unsigned_assertion_is_refused() {
        let unsigned = after(|world| {
            world.header["alg"] = json!("none");
            world.signature.clear();
        });
        assert_eq!(unsigned, "algorithm-unknown");
    }

    #[test]
    fn extensions_are_refused_by_their_presence() {
        for (name, value) in [
            ("crit", json!([])),
            ("crit", json!(["exp"])),
            ("b64", json!(true)),
            ("enc", Value::Null),
            ("zip", json!("DEF")),
        ] {
            assert_eq!(with_header(name, value), "header-extension", "{name}");
        }
    }

    #[test]
    fn foreign_key_sources_are_ignored() {
        for (name, value) in [
            ("jku", json!("https://attacker.example/jwks")),
            ("x5u", json!(5)),
            ("jwk", json!({"kty": "RSA"})),
            ("x5c", json!("not a list")),
            ("cty", json!({})),
            ("salt", json!(1)),
        ] {
            assert_eq!(with_header(name, value), "ok", "{name}");
        }
    }

    #[test]
    fn another_kind_of_token_is_refused() {
        for typ in ["JWT", "jwt", "client-authentication+jwt", "application/jwt"] {
            assert_eq!(with_header("typ", json!(typ)), "ok", "{typ}");
        }
        for typ in ["at+jwt", "dpop+jwt", "secevent+jwt", ""] {
            assert_eq!(with_header("typ", json!(typ)), "token-type-wrong", "{typ}");
        }
    }
}

/// Client and key (rules 9 to 14).
mod client_and_key {
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
    fn an_unknown_client_is_refused() {
        assert_eq!(after(|world| world.registration = None), "unknown-client");
        let other_case = after(|world| {
            world.claims["iss"] = json!(CLIENT.to_lowercase());
            world.claims["sub"] = json!(CLIENT.to_lowercase());
        });
        assert_eq!(other_case, "unknown-client");
    }

    #[test]
    fn a_client_of_another_method_is_refused() {
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
    fn a_wrong_signature_is_refused() {
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
}

/// Claims (rules 15 to 18).
mod claims {
    use super::*;

    #[test]
    fn the_audience_is_a_string_or_an_array_of_strings() {
        for value in
            [None, Some(Value::Null), Some(json!(5)), Some(json!([])), Some(json!([ISSUER, 5])), Some(json!({}))]
        {
            assert_eq!(with_claim("aud", value), "audience-invalid");
        }
        assert_eq!(with_claim("aud", json!([ISSUER])), "ok");
    }

    #[test]
    fn auto_accepts_names_of_ours_only() {
        for aud in [json!(ISSUER), json!(TOKEN), json!("sampleurl"), json!([ISSUER, TOKEN, "sampleurl"])] {
            assert_eq!(in_mode("auto", aud), "ok");
        }
        for aud in [
            json!("https://other.example"),
            json!([ISSUER, "https://other.example"]),
            json!(format!("{ISSUER}/")),
            json!(ISSUER.to_uppercase()),
            json!(""),
        ] {
            assert_eq!(in_mode("auto", aud), "audience-mismatch");
        }
    }

    #[test]
    fn strict_accepts_the_issuer_alone() {
        assert_eq!(in_mode("strict", json!(ISSUER)), "ok");
        assert_eq!(in_mode("strict", json!([ISSUER])), "ok");
        for aud in [json!(TOKEN), json!("sampleurl"), json!([ISSUER, ISSUER]), json!([ISSUER, TOKEN])] {
            assert_eq!(in_mode("strict", aud), "audience-mismatch");
        }
    }

    #[test]
    fn legacy_accepts_any_one_name_of_ours() {
        assert_eq!(in_mode("legacy", json!(["https://other.example", TOKEN])), "ok");
        assert_eq!(in_mode("legacy", json!("sampleurl")), "ok");
        assert_eq!(in_mode("legacy", json!(["https://other.example"])), "audience-mismatch");
    }

    #[test]
    fn an_assertion_typed_as_client_authentication_is_held_to_strict() {
        let typed = |mode: &'static str, aud: &str| {
            after(|world| {
                world.properties.push(("AudienceMode", mode));
                world.header["typ"] = json!("client-authentication+jwt");
                world.claims["aud"] = json!(aud);
            })
        };
        assert_eq!(typed("auto", ISSUER), "ok");
        assert_eq!(typed("auto", TOKEN), "audience-mismatch");
        assert_eq!(typed("legacy", TOKEN), "ok");
    }

    #[test]
    fn the_endpoint_that_was_called_is_one_of_ours_and_others_are_not() {
        let at = |endpoint: &'static str, aud: &str| {
            after(|world| {
                world.endpoint = endpoint;
                world.claims["aud"] = json!(aud);
            })
        };
        assert_eq!(at(PAR, PAR), "ok");
        assert_eq!(at(PAR, TOKEN), "ok");
        assert_eq!(at(PAR, ISSUER), "ok");
        assert_eq!(at(TOKEN, PAR), "audience-mismatch");
    }

    #[test]
    fn fapi2_demands_the_issuer_as_a_string_and_its_algorithms() {
        let fapi2 = |aud: Value, alg: &str| {
            after(|world| {
                world.properties.push(("Profile", "fapi2"));
                world.claims["aud"] = aud;
                world.header["alg"] = json!(alg);
            })
        };
        for alg in ["PS256", "ES256", "EdDSA", "Ed25519"] {
            assert_eq!(fapi2(json!(ISSUER), alg), "ok", "{alg}");
        }
        assert_eq!(fapi2(json!([ISSUER]), "ES256"), "audience-mismatch");
        assert_eq!(fapi2(json!(TOKEN), "ES256"), "audience-mismatch");
        assert_eq!(fapi2(json!(ISSUER), "RS256"), "algorithm-not-allowed");
    }

    #[test]
    fn the_strict_report_names_the_audience_and_changes_no_verdict() {
        let sent = |mode: &'static str, report: &'static str, aud: Value| {
            let mut world =
                World { properties: vec![("AudienceMode", mode), ("AudienceReport", report)], ..World::default() };
            world.claims["aud"] = aud;
            world.judge(&mut Report::off()).map(|client| client.audience)
        };
        let received = |received: &str, strict| Ok(Some(SentAudience { received: received.to_owned(), strict }));
        assert_eq!(sent("auto", "strict", json!(ISSUER)), received(&format!("{ISSUER:?}"), true));
        assert_eq!(sent("auto", "strict", json!(TOKEN)), received(&format!("{TOKEN:?}"), false));
        assert_eq!(sent("legacy", "strict", json!(["x", TOKEN])), received(&format!("[\"x\", {TOKEN:?}]"), false));
        assert_eq!(sent("auto", "none", json!(TOKEN)), Ok(None));
        assert!(sent("strict", "strict", json!(TOKEN)).is_err() && sent("auto", "strict", json!("x")).is_err());
    }

    #[test]
    fn smart_demands_its_algorithms_five_minutes_and_a_jti() {
        let smart = |alg: &str, exp: u64, jti: Option<Value>| {
            after(|world| {
                world.properties.extend([("Profile", "smart"), ("ClockSkewInSeconds", "0"), ("RequireJti", "false")]);
                world.header["alg"] = json!(alg);
                world.claims["aud"] = json!(TOKEN);
                world.claims["exp"] = json!(NOW + exp);
                change(&mut world.claims, "jti", jti);
            })
        };
        for alg in ["RS384", "ES384"] {
            assert_eq!(smart(alg, 300, Some(json!("one"))), "ok", "{alg}");
        }
        for alg in ["RS256", "ES256", "PS384"] {
            assert_eq!(smart(alg, 300, Some(json!("one"))), "algorithm-not-allowed", "{alg}");
        }
        assert_eq!(smart("RS384", 301, Some(json!("one"))), "lifetime-too-long");
        assert_eq!(smart("RS384", 300, None), "jti-missing");
    }

    #[test]
    fn obbr_demands_ps256() {
        let obbr = |alg: &str| {
            after(|world| {
                world.properties.push(("Profile", "obbr"));
                world.header["alg"] = json!(alg);
            })
        };
        assert_eq!(["PS256", "ES256", "RS256"].map(obbr), ["ok", "algorithm-not-allowed", "algorithm-not-allowed"]);
    }

    #[test]
    fn times_are_numbers_in_range() {
        for name in ["exp", "nbf", "iat"] {
            for value in [Value::Null, json!("1700000060"), json!(-1), json!(1e300), json!(1_u64 << 53), json!([])] {
                assert_eq!(with_claim(name, value), "time-invalid", "{name}");
            }
            assert_eq!(with_claim(name, json!(NOW * 1000)), "time-in-milliseconds", "{name}");
        }
        assert_eq!(with_claim("exp", None), "expiry-missing");
        for name in ["nbf", "iat"] {
            assert_eq!(with_claim(name, None), "ok", "{name}");
        }
    }

    /// The verdict about three times, in seconds from now, under properties.
    fn at(exp: f64, nbf: Option<f64>, iat: Option<f64>, properties: &[(&'static str, &'static str)]) -> &'static str {
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let time = |offset: f64| json!(NOW as f64 + offset);
        after(|world| {
            world.header["alg"] = json!("ES256");
            world.properties.extend(properties);
            change(&mut world.claims, "exp", Some(time(exp)));
            change(&mut world.claims, "nbf", nbf.map(time));
            change(&mut world.claims, "iat", iat.map(time));
        })
    }

    #[test]
    fn exp_plus_skew_is_after_now() {
        assert_eq!(at(-29.0, None, None, &[]), "ok");
        assert_eq!(at(-29.999, None, None, &[]), "ok");
        assert_eq!(at(-30.0, None, None, &[]), "expired");
        let no_skew = [("ClockSkewInSeconds", "0")];
        assert_eq!(at(0.001, None, None, &no_skew), "ok");
        assert_eq!(at(0.0, None, None, &no_skew), "expired");
    }

    #[test]
    fn the_clock_counts_in_milliseconds() {
        let late = |millis: u64| after(|world| world.now = (NOW + 90) * 1000 + millis - 1);
        assert_eq!(late(0), "ok");
        assert_eq!(late(1), "expired");
    }

    #[test]
    fn the_lifetime_is_measured_from_now() {
        assert_eq!(at(3630.0, None, None, &[]), "ok");
        assert_eq!(at(3630.001, None, None, &[]), "lifetime-too-long");
        assert_eq!(at(3630.0, None, Some(-600.0), &[]), "ok");
        assert_eq!(at(91.0, None, None, &[("MaxLifetimeInMinutes", "1")]), "lifetime-too-long");
    }

    #[test]
    fn nbf_and_iat_are_at_most_the_skew_ahead() {
        assert_eq!(at(60.0, Some(30.0), None, &[]), "ok");
        assert_eq!(at(60.0, Some(30.001), None, &[]), "not-yet-valid");
        assert_eq!(at(60.0, None, Some(30.0), &[]), "ok");
        assert_eq!(at(60.0, None, Some(30.001), &[]), "issued-in-future");
    }

    #[test]
    fn fapi2_grants_ten_to_sixty_seconds_ahead() {
        let ahead =
            |offset, skew| at(200.0, Some(offset), Some(offset), &[("Profile", "fapi2"), ("ClockSkewInSeconds", skew)]);
        assert_eq!(ahead(10.0, "0"), "ok");
        assert_eq!(ahead(11.0, "0"), "not-yet-valid");
        assert_eq!(ahead(60.0, "300"), "ok");
        assert_eq!(ahead(61.0, "300"), "not-yet-valid");
    }

    #[test]
    fn nbf_and_iat_are_not_after_exp() {
        assert_eq!(at(10.0, Some(10.0), Some(10.0), &[]), "ok");
        assert_eq!(at(10.0, Some(10.5), None, &[]), "not-before-after-expiry");
        assert_eq!(at(10.0, None, Some(10.5), &[]), "issued-after-expiry");
    }

    #[test]
    fn an_old_assertion_is_refused_without_leniency() {
        let limit = [("RejectBeforeInMinutes", "100")];
        assert_eq!(at(60.0, None, Some(-6000.0), &limit), "ok");
        assert_eq!(at(60.0, None, Some(-6000.001), &limit), "too-old");
        assert_eq!(at(60.0, None, Some(-18_000.0), &[]), "ok");
        assert_eq!(at(60.0, None, Some(-18_001.0), &[]), "too-old");
        assert_eq!(at(60.0, None, Some(-1e9), &[("RejectBeforeInMinutes", "0")]), "ok");
    }

    #[test]
    fn jti_is_a_string_of_at_most_255_bytes() {
        for value in [json!(""), json!(5), Value::Null, json!("x".repeat(256)), json!("é".repeat(128)), json!(["x"])] {
            assert_eq!(with_claim("jti", value), "jti-invalid");
        }
        assert_eq!(with_claim("jti", json!("x".repeat(255))), "ok");
        assert_eq!(with_claim("jti", json!("a b\u{0}é")), "ok");
    }

    #[test]
    fn a_missing_jti_is_refused_unless_it_is_not_required() {
        assert_eq!(with_claim("jti", None), "jti-missing");
        let optional = |value: Option<Value>| {
            after(|world| {
                world.properties.push(("RequireJti", "false"));
                change(&mut world.claims, "jti", value);
            })
        };
        assert_eq!(optional(None), "ok");
        assert_eq!(optional(Some(json!(""))), "jti-invalid");
    }

    #[test]
    fn other_claims_are_ignored() {
        assert_eq!(with_claim("scope", json!({"admin": [true]})), "ok");
        assert_eq!(with_claim("client_id", json!("another client")), "ok");
    }
}

/// Replay (rules 19 to 22).
mod replay {
    use super::*;

    #[test]
    fn the_second_use_is_refused() {
        let world = World::default();
        assert_eq!((world.verdict(), world.verdict()), ("ok", "replayed"));
    }

    #[test]
    fn two_clients_may_use_one_jti() {
        let world = World::default();
        world.used.borrow_mut().push(("other".to_owned(), "one".to_owned(), None, 0, true, 0));
        assert_eq!(world.verdict(), "ok");
    }

    #[test]
    fn the_pair_is_remembered_until_exp_and_skew_rounded_up() {
        let mut world = World::default();
        world.claims["exp"] = json!(1_700_000_060.25);
        world.claims["iat"] = json!(1_700_000_000.75);
        world.now += 1000;
        assert_eq!(world.verdict(), "ok");
        let expected = (CLIENT.to_owned(), "one".to_owned(), Some(NOW), NOW + 91, true, 0);
        assert_eq!(world.used.take(), [expected]);
    }

    #[test]
    fn the_cache_is_used_only_when_it_is_enabled() {
        let world = World { properties: vec![("EnableCacheForJTI", "false")], ..World::default() };
        assert_eq!(world.verdict(), "ok");
        assert!(!world.used.borrow()[0].4);
    }

    #[test]
    fn a_retry_window_is_asked_for_only_when_it_is_configured() {
        for (properties, window) in [(vec![], 0), (vec![("RetryWindowInSeconds", "30")], 30)] {
            let world = World { properties, ..World::default() };
            assert_eq!(world.verdict(), "ok");
            assert_eq!(world.used.borrow()[0].5, window);
        }
    }

    #[test]
    fn reuse_is_allowed_when_it_is_not_prevented() {
        let world = World { properties: vec![("PreventTokenReuse", "false")], ..World::default() };
        assert_eq!((world.verdict(), world.verdict()), ("ok", "ok"));
        assert!(world.used.borrow().is_empty());
    }

    #[test]
    fn a_refused_assertion_is_never_used_up() {
        let mut world = World::default();
        for (name, bad) in [("aud", json!("x")), ("exp", json!(NOW - 60)), ("iat", json!(NOW + 31)), ("jti", json!(""))]
        {
            let good = std::mem::replace(&mut world.claims[name], bad);
            assert_ne!(world.verdict(), "ok");
            world.claims[name] = good;
        }
        assert!(world.used.borrow().is_empty());
        assert_eq!(world.verdict(), "ok");
    }
}

/// The answer to "why was this refused?".
mod explain {
    use super::*;

    fn explain(world: &World) -> (Result<Client, Refusal>, Vec<Check<Reason>>) {
        let mut report = Report::on();
        let verdict = world.judge(&mut report);
        let checks = report.finish(&verdict);
        (verdict, checks)
    }

    #[test]
    fn every_rule_is_reported_in_order_and_a_good_request_passes_all_but_the_condition() {
        let (verdict, checks) = explain(&World::default());
        assert!(verdict.is_ok());
        assert!(checks.iter().map(|check| check.reason).eq(Reason::ALL.iter().copied()));
        let [passed @ .., replayed] = checks.as_slice() else { panic!("rules") };
        assert!(passed.iter().all(|check| check.state == State::Passed && !check.expected.is_empty()));
        assert_eq!((replayed.state, replayed.received.as_str()), (State::NotReached, "jti \"one\""));
    }

    #[test]
    fn rules_are_applied_in_the_order_of_the_table() {
        // Had a rule been recorded out of order, its values would be lost in the report.
        let mut world = World::default();
        world.header["kid"] = json!("k");
        let (_, checks) = explain(&world);
        let said = checks.iter().filter(|check| !check.received.is_empty()).count();
        assert!(said >= Reason::ALL.len() - 12, "{said} of {}", Reason::ALL.len());
        let audience = checks.iter().find(|check| check.reason == Reason::AudienceMismatch).unwrap();
        assert_eq!(audience.received, format!("{ISSUER:?}"));
    }

    #[test]
    fn a_failure_is_reported_with_what_was_expected_and_received() {
        let mut world = World::default();
        world.claims["aud"] = json!("https://other.example");
        let (verdict, checks) = explain(&world);
        let failed: Vec<_> = checks.iter().filter(|check| check.state == State::Failed).collect();
        let [failed] = failed.as_slice() else { panic!("one rule fails") };
        assert_eq!(failed.reason, Reason::AudienceMismatch);
        assert_eq!(failed.expected, format!("only values of {ISSUER:?}, {TOKEN:?}"));
        assert_eq!(failed.received, "\"https://other.example\"");
        assert_eq!(checks.last().map(|check| check.state), Some(State::NotReached));
        let Err(Refusal::Rejected(rejection)) = verdict else { panic!("a rejection") };
        assert_eq!(rejection.detail(), format!("expected {}; received {}", failed.expected, failed.received));
    }

    #[test]
    fn neither_report_nor_detail_holds_the_assertion() {
        let changes: [Change; 4] = [
            |world| world.form[1].1 = encoded("{}", "{}"),
            |world| world.claims["aud"] = json!(encoded(r#"{"alg":"none"}"#, "{}")),
            |world| world.signature = b"forged".to_vec(),
            |_| {},
        ];
        for change in changes {
            let mut world = World::default();
            change(&mut world);
            let (verdict, checks) = explain(&world);
            let text = format!("{verdict:?}{checks:?}");
            assert!(!text.contains("eyJ"), "{text}");
        }
    }
}

/// Verification inside the component.
mod in_guest {
    use jwt_simple::prelude::{Claims, Duration, ECDSAP256KeyPairLike as _, ES256KeyPair, HeaderOptions};

    use super::*;

    /// An assertion signed by jwt-simple, with the key that verifies it.
    fn signed(key: &ES256KeyPair, header: &HeaderOptions) -> (String, FakeKey) {
        let mut claims = Claims::create(Duration::from_secs(60)).with_issuer(CLIENT).with_subject(CLIENT);
        claims = claims.with_audience(ISSUER).with_jwt_id("one");
        claims.issued_at = Some(Duration::from_secs(NOW));
        claims.expires_at = Some(Duration::from_secs(NOW + 60));
        claims.invalid_before = None;
        let jwk: Value = serde_json::from_str(&key.public_key().to_jwk()).unwrap();
        let required = json!({"kty": jwk["kty"], "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"]});
        let fake = FakeKey { jwk: required.to_string(), wrong: true, ..FakeKey::default() };
        (key.sign_with_options(claims, header).unwrap(), fake)
    }

    fn verdict(assertion: String, key: FakeKey) -> &'static str {
        after(|world| {
            world.properties.push(("SignatureVerification", "guest"));
            world.assertion = Some(assertion);
            world.keys = Ok(vec![key]);
        })
    }

    #[test]
    fn a_signature_of_jwt_simple_is_accepted_without_asking_the_host() {
        let (assertion, key) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
        assert_eq!(verdict(assertion, key), "ok");
    }

    #[test]
    fn a_signature_of_another_key_is_refused() {
        let (assertion, _) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
        let (_, other) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
        assert_eq!(verdict(assertion, other), "signature-invalid");
    }

    #[test]
    fn a_key_beyond_jwt_simple_is_unsupported() {
        let (assertion, _) = signed(&ES256KeyPair::generate(), &HeaderOptions::default());
        let key = FakeKey { jwk: r#"{"kty":"OKP","crv":"Ed25519","x":"AA"}"#.to_owned(), ..FakeKey::default() };
        assert_eq!(verdict(assertion, key), "key-unsupported");
    }

    #[test]
    fn es512_is_not_allowed() {
        let es512 = after(|world| {
            world.properties.push(("SignatureVerification", "guest"));
            world.header["alg"] = json!("ES512");
        });
        assert_eq!(es512, "algorithm-not-allowed");
    }
}
