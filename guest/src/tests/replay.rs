//! Replay (rules 19 to 22).

use super::*;

/// The identifier of a good assertion as the store keeps it.
fn remembered(expires_at: u64) -> Unused {
    Unused { identifier: "one".to_owned(), issued_at: Some(NOW), expires_at, cached: true, retry_window: 0 }
}

#[test]
fn the_second_use_is_rejected() {
    let mut world = World::default();
    assert_eq!((world.verdict(), world.verdict()), ("authenticated", "replayed"));
}

#[test]
fn two_clients_may_use_one_jti() {
    let mut world = World::default();
    world.server.consume("other", remembered(NOW + 60));
    assert_eq!(world.verdict(), "authenticated");
}

#[test]
fn the_pair_is_remembered_until_exp_and_skew_rounded_up() {
    let mut world = World::default();
    world.claims["exp"] = json!(1_700_000_060.25);
    world.claims["iat"] = json!(1_700_000_000.75);
    world.server.now += 1000;
    assert_eq!(world.verdict(), "authenticated");
    assert_eq!(world.server.consumed(), [Consumed { client: CLIENT.to_owned(), unused: remembered(NOW + 91) }]);
}

#[test]
fn the_cache_is_used_only_when_it_is_enabled() {
    let mut world = World { properties: vec![("EnableCacheForJTI", "false")], ..World::default() };
    assert_eq!(world.verdict(), "authenticated");
    assert!(!world.server.consumed()[0].unused.cached);
}

#[test]
fn a_retry_window_is_asked_for_only_when_it_is_configured() {
    for (properties, window) in [(vec![], 0), (vec![("RetryWindowInSeconds", "30")], 30)] {
        let mut world = World { properties, ..World::default() };
        assert_eq!(world.verdict(), "authenticated");
        assert_eq!(world.server.consumed()[0].unused.retry_window, window);
    }
}

#[test]
fn reuse_is_allowed_when_it_is_not_prevented() {
    let mut world = World { properties: vec![("PreventTokenReuse", "false")], ..World::default() };
    assert_eq!((world.verdict(), world.verdict()), ("authenticated", "authenticated"));
    assert!(world.server.consumed().is_empty());
}

#[test]
fn a_rejected_assertion_is_never_consumed() {
    let mut world = World::default();
    for (name, bad) in [("aud", json!("x")), ("exp", json!(NOW - 60)), ("iat", json!(NOW + 31)), ("jti", json!(""))] {
        let good = std::mem::replace(&mut world.claims[name], bad);
        assert_ne!(world.verdict(), "authenticated");
        world.claims[name] = good;
    }
    assert!(world.server.consumed().is_empty());
    assert_eq!(world.verdict(), "authenticated");
}
