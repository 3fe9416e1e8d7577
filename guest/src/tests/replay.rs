//! Replay (rules 19 to 22).

use super::*;

#[test]
fn the_second_use_is_rejected() {
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
fn a_rejected_assertion_is_never_consumed() {
    let mut world = World::default();
    for (name, bad) in [("aud", json!("x")), ("exp", json!(NOW - 60)), ("iat", json!(NOW + 31)), ("jti", json!(""))] {
        let good = std::mem::replace(&mut world.claims[name], bad);
        assert_ne!(world.verdict(), "ok");
        world.claims[name] = good;
    }
    assert!(world.used.borrow().is_empty());
    assert_eq!(world.verdict(), "ok");
}
