//! Request (rules 1 to 3).

use super::*;

#[test]
fn a_good_request_is_authenticated_with_facts_for_the_audit_log() {
    let mut world = World::default();
    world.header["kid"] = json!("k1");
    let judged = world.judge();
    assert_eq!(["alg", "kid", "jti"].map(|name| judged.attribute(name)), [Some("RS256"), Some("k1"), Some("one")]);
    assert_eq!((judged.verdict, judged.claimed_client.as_deref()), ("authenticated", Some(CLIENT)));
    let asked = world.server.asked();
    assert_eq!((asked.verified, asked.decoys), (1, 0), "one signature is verified");
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
fn a_repeated_parameter_is_rejected_and_others_may_repeat() {
    for name in ["client_assertion", "client_assertion_type"] {
        assert_eq!(with_parameter(name, ASSERTION_TYPE), "repeated-parameter", "{name}");
    }
    let twice = after(|world| {
        world.form.extend(["client_id", "client_id"].map(|name| (name.to_owned(), CLIENT.to_owned())));
    });
    assert_eq!(twice, "repeated-parameter");
    assert_eq!(with_parameter("resource", "x"), "authenticated");
}

#[test]
fn client_id_is_optional_and_must_be_the_client_of_the_assertion() {
    assert_eq!(with_parameter("client_id", CLIENT), "authenticated");
    assert_eq!(with_parameter("client_id", ""), "authenticated");
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
    for claims in [r#"{"iss":"a","sub":"a"}"#, r#"{"iss":5,"sub":"a"}"#, r#"{"iss":"a"}"#, r#"{"sub":"a"}"#, "[]", "{"]
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
