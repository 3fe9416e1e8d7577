//! Claims (rules 15 to 18).

use super::*;

#[test]
fn the_audience_is_a_string_or_an_array_of_strings() {
    for value in [None, Some(Value::Null), Some(json!(5)), Some(json!([])), Some(json!([ISSUER, 5])), Some(json!({}))] {
        assert_eq!(with_claim("aud", value), "audience-invalid");
    }
    assert_eq!(with_claim("aud", json!([ISSUER])), "authenticated");
}

#[test]
fn auto_accepts_names_of_ours_only() {
    for aud in [json!(ISSUER), json!(TOKEN), json!("sampleurl"), json!([ISSUER, TOKEN, "sampleurl"])] {
        assert_eq!(in_mode("auto", aud), "authenticated");
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
    assert_eq!(in_mode("strict", json!(ISSUER)), "authenticated");
    assert_eq!(in_mode("strict", json!([ISSUER])), "authenticated");
    for aud in [json!(TOKEN), json!("sampleurl"), json!([ISSUER, ISSUER]), json!([ISSUER, TOKEN])] {
        assert_eq!(in_mode("strict", aud), "audience-mismatch");
    }
}

#[test]
fn legacy_accepts_any_one_name_of_ours() {
    assert_eq!(in_mode("legacy", json!(["https://other.example", TOKEN])), "authenticated");
    assert_eq!(in_mode("legacy", json!("sampleurl")), "authenticated");
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
    assert_eq!(typed("auto", ISSUER), "authenticated");
    assert_eq!(typed("auto", TOKEN), "audience-mismatch");
    assert_eq!(typed("legacy", TOKEN), "authenticated");
}

#[test]
fn the_endpoint_that_was_called_is_one_of_ours_and_others_are_not() {
    let at = |endpoint: &'static str, aud: &str| {
        after(|world| {
            world.endpoint = endpoint;
            world.claims["aud"] = json!(aud);
        })
    };
    assert_eq!(at(PAR, PAR), "authenticated");
    assert_eq!(at(PAR, TOKEN), "authenticated");
    assert_eq!(at(PAR, ISSUER), "authenticated");
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
        assert_eq!(fapi2(json!(ISSUER), alg), "authenticated", "{alg}");
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
        let judged = world.judge();
        let attribute = |name| judged.attribute(name).unwrap_or_default().to_owned();
        [judged.verdict.to_owned(), attribute("aud"), attribute("aud_strict")]
    };
    let [issuer, token] = [ISSUER, TOKEN].map(|name| format!("{name:?}"));
    assert_eq!(sent("auto", "strict", json!(ISSUER)), ["authenticated", &issuer, "accepted"]);
    assert_eq!(sent("auto", "strict", json!(TOKEN)), ["authenticated", &token, "rejected"]);
    let both = format!("[\"x\", {token}]");
    assert_eq!(sent("legacy", "strict", json!(["x", TOKEN])), ["authenticated", &both, "rejected"]);
    assert_eq!(sent("auto", "none", json!(TOKEN)), ["authenticated", "", ""]);
    assert_eq!(sent("strict", "strict", json!(TOKEN)), ["audience-mismatch", "", ""]);
    assert_eq!(sent("auto", "strict", json!("x")), ["audience-mismatch", "", ""]);
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
        assert_eq!(smart(alg, 300, Some(json!("one"))), "authenticated", "{alg}");
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
    assert_eq!(
        ["PS256", "ES256", "RS256"].map(obbr),
        ["authenticated", "algorithm-not-allowed", "algorithm-not-allowed"]
    );
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
        assert_eq!(with_claim(name, None), "authenticated", "{name}");
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
    assert_eq!(at(-29.0, None, None, &[]), "authenticated");
    assert_eq!(at(-29.999, None, None, &[]), "authenticated");
    assert_eq!(at(-30.0, None, None, &[]), "expired");
    let no_skew = [("ClockSkewInSeconds", "0")];
    assert_eq!(at(0.001, None, None, &no_skew), "authenticated");
    assert_eq!(at(0.0, None, None, &no_skew), "expired");
}

#[test]
fn the_clock_counts_in_milliseconds() {
    let late = |millis: u64| after(|world| world.server.now = (NOW + 90) * 1000 + millis - 1);
    assert_eq!(late(0), "authenticated");
    assert_eq!(late(1), "expired");
}

#[test]
fn the_lifetime_is_measured_from_now() {
    assert_eq!(at(3630.0, None, None, &[]), "authenticated");
    assert_eq!(at(3630.001, None, None, &[]), "lifetime-too-long");
    assert_eq!(at(3630.0, None, Some(-600.0), &[]), "authenticated");
    assert_eq!(at(91.0, None, None, &[("MaxLifetimeInMinutes", "1")]), "lifetime-too-long");
}

#[test]
fn nbf_and_iat_are_at_most_the_skew_ahead() {
    assert_eq!(at(60.0, Some(30.0), None, &[]), "authenticated");
    assert_eq!(at(60.0, Some(30.001), None, &[]), "not-yet-valid");
    assert_eq!(at(60.0, None, Some(30.0), &[]), "authenticated");
    assert_eq!(at(60.0, None, Some(30.001), &[]), "issued-in-future");
}

#[test]
fn fapi2_grants_ten_to_sixty_seconds_ahead() {
    let ahead =
        |offset, skew| at(200.0, Some(offset), Some(offset), &[("Profile", "fapi2"), ("ClockSkewInSeconds", skew)]);
    assert_eq!(ahead(10.0, "0"), "authenticated");
    assert_eq!(ahead(11.0, "0"), "not-yet-valid");
    assert_eq!(ahead(60.0, "300"), "authenticated");
    assert_eq!(ahead(61.0, "300"), "not-yet-valid");
}

#[test]
fn nbf_and_iat_are_not_after_exp() {
    assert_eq!(at(10.0, Some(10.0), Some(10.0), &[]), "authenticated");
    assert_eq!(at(10.0, Some(10.5), None, &[]), "not-before-after-expiry");
    assert_eq!(at(10.0, None, Some(10.5), &[]), "issued-after-expiry");
}

#[test]
fn an_old_assertion_is_rejected_without_leniency() {
    let limit = [("RejectBeforeInMinutes", "100")];
    assert_eq!(at(60.0, None, Some(-6000.0), &limit), "authenticated");
    assert_eq!(at(60.0, None, Some(-6000.001), &limit), "too-old");
    assert_eq!(at(60.0, None, Some(-18_000.0), &[]), "authenticated");
    assert_eq!(at(60.0, None, Some(-18_001.0), &[]), "too-old");
    assert_eq!(at(60.0, None, Some(-1e9), &[("RejectBeforeInMinutes", "0")]), "authenticated");
}

#[test]
fn jti_is_a_string_of_at_most_255_bytes() {
    for value in [json!(""), json!(5), Value::Null, json!("x".repeat(256)), json!("é".repeat(128)), json!(["x"])] {
        assert_eq!(with_claim("jti", value), "jti-invalid");
    }
    assert_eq!(with_claim("jti", json!("x".repeat(255))), "authenticated");
    assert_eq!(with_claim("jti", json!("a b\u{0}é")), "authenticated");
}

#[test]
fn a_missing_jti_is_rejected_unless_it_is_not_required() {
    assert_eq!(with_claim("jti", None), "jti-missing");
    let optional = |value: Option<Value>| {
        after(|world| {
            world.properties.push(("RequireJti", "false"));
            change(&mut world.claims, "jti", value);
        })
    };
    assert_eq!(optional(None), "authenticated");
    assert_eq!(optional(Some(json!(""))), "jti-invalid");
}

#[test]
fn other_claims_are_ignored() {
    assert_eq!(with_claim("scope", json!({"admin": [true]})), "authenticated");
    assert_eq!(with_claim("client_id", json!("another client")), "authenticated");
}
