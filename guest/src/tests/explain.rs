//! The answer to "why was this refused?".

use super::*;

#[test]
fn every_rule_is_reported_in_order_and_a_good_request_passes_all_but_the_condition() {
    let judged = World::default().judge();
    assert_eq!(judged.verdict, "authenticated");
    let checks = judged.explained;
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
    let checks = world.judge().explained;
    let said = checks.iter().filter(|check| !check.received.is_empty()).count();
    assert!(said >= Reason::ALL.len() - 12, "{said} of {}", Reason::ALL.len());
    let audience = checks.iter().find(|check| check.reason == Reason::AudienceMismatch).unwrap();
    assert_eq!(audience.received, format!("{ISSUER:?}"));
}

#[test]
fn a_failure_is_reported_with_what_was_expected_and_received() {
    let mut world = World::default();
    world.claims["aud"] = json!("https://other.example");
    let judged = world.judge();
    let checks = &judged.explained;
    let failed: Vec<_> = checks.iter().filter(|check| check.state == State::Failed).collect();
    let [failed] = failed.as_slice() else { panic!("one rule fails") };
    assert_eq!(failed.reason, Reason::AudienceMismatch);
    assert_eq!(failed.expected, format!("only values of {ISSUER:?}, {TOKEN:?}"));
    assert_eq!(failed.received, "\"https://other.example\"");
    assert_eq!(checks.last().map(|check| check.state), Some(State::NotReached));
    let Outcome::Rejected(rejection) = &judged.outcome else { panic!("a rejection") };
    assert_eq!(rejection.detail(), format!("expected {}; received {}", failed.expected, failed.received));
}

#[test]
fn neither_report_nor_detail_holds_the_assertion() {
    let changes: [Change; 4] = [
        |world| world.form[1].1 = encoded("{}", "{}"),
        |world| world.claims["aud"] = json!(encoded(r#"{"alg":"none"}"#, "{}")),
        |world| world.signature = Some(b"forged".to_vec()),
        |_| {},
    ];
    for change in changes {
        let mut world = World::default();
        change(&mut world);
        let text = format!("{:?}", world.judge());
        assert!(!text.contains("eyJ"), "{text}");
    }
}
