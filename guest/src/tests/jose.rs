//! JOSE (rules 4 to 8).

use super::*;

#[test]
fn only_a_compact_jws_in_canonical_encoding_is_read() {
    assert_eq!(after(|world| world.assertion = Some("a.b".to_owned())), "not-a-compact-jws");
    assert_eq!(after(|world| world.assertion = Some("a.b.c.d.e".to_owned())), "not-a-compact-jws");
    assert_eq!(after(|world| world.assertion = Some("e30.e30.A=".to_owned())), "encoding-invalid");
    assert_eq!(after(|world| world.assertion = Some("e31.e30.AA".to_owned())), "encoding-invalid");
    assert_eq!(after(|world| world.assertion = Some("A".repeat(MAX_LENGTH + 1))), "assertion-too-large");
    assert_eq!(after(|world| world.signature = Some(Vec::new())), "signature-missing");
}

#[test]
fn header_and_claims_are_strict_json() {
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(16), "]".repeat(16));
    let good = r#"{"alg":"RS256"}"#;
    for (flawed, suffix) in [("[]", "malformed"), (r#"{"a":1,"\u0061":1}"#, "duplicate-member"), (&deep, "too-deep")] {
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
        assert_eq!(with_header(name, json!("text")), "authenticated", "{name}");
    }
}

#[test]
fn the_members_reach_the_key_lookup() {
    let mut world =
        World { header: json!({"alg": "ES256", "kid": "k", "x5t": "t", "x5t#S256": "s"}), ..World::default() };
    assert_eq!(world.verdict(), "authenticated");
    let text = |text: &str| Some(text.to_owned());
    let hint = AskedHint { kid: text("k"), x5t: text("t"), x5t_s256: text("s"), algorithm: "ES256".to_owned() };
    assert_eq!(world.server.asked().hints, [hint]);
}

#[test]
fn every_asymmetric_algorithm_is_accepted_and_no_other() {
    for algorithm in Algorithm::ALL {
        // The post-quantum algorithms by name only.
        let by_default =
            if AlgorithmSet::DEFAULT.contains(algorithm) { "authenticated" } else { "algorithm-not-allowed" };
        assert_eq!(with_header("alg", json!(algorithm.name())), by_default, "{algorithm}");
        let named = after(|world| {
            world.properties.push(("AllowedAlgorithms", algorithm.name()));
            world.header["alg"] = json!(algorithm.name());
        });
        assert_eq!(named, "authenticated", "{algorithm}");
    }
    for name in ["none", "None", "HS256", "HS384", "HS512", "rs256", "ES256K", "RSA-OAEP", ""] {
        assert_eq!(with_header("alg", json!(name)), "algorithm-unknown", "{name}");
    }
    assert_eq!(with_header("alg", None), "algorithm-missing");
}

#[test]
fn an_unsigned_assertion_is_rejected() {
    let unsigned = after(|world| {
        world.header["alg"] = json!("none");
        world.signature = Some(Vec::new());
    });
    assert_eq!(unsigned, "algorithm-unknown");
}

#[test]
fn extensions_are_rejected_by_their_presence() {
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
        assert_eq!(with_header(name, value), "authenticated", "{name}");
    }
}

#[test]
fn another_kind_of_token_is_rejected() {
    for typ in ["JWT", "jwt", "client-authentication+jwt", "application/jwt"] {
        assert_eq!(with_header("typ", json!(typ)), "authenticated", "{typ}");
    }
    for typ in ["at+jwt", "dpop+jwt", "secevent+jwt", ""] {
        assert_eq!(with_header("typ", json!(typ)), "token-type-wrong", "{typ}");
    }
}
