use super::*;

const OFFICE: &str = "192.0.2.1";

fn attempt(slow_down: &Arc<SlowDown>, account: &str, address: &str, now: UnixMillis) -> Result<(), u64> {
    slow_down.begin(account, address.parse().ok(), now).map(drop).map_err(|wait| wait.seconds)
}

#[test]
fn an_account_has_five_free_failures_and_then_waits_that_double() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    for _ in 0..5 {
        assert_eq!(attempt(&slow_down, "a", OFFICE, 1_000), Ok(()));
    }
    let mut now = 1_000;
    for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now), Err(seconds), "from any address");
        now += seconds * 1000;
        assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now - 1), Err(1));
        assert_eq!(attempt(&slow_down, "a", "192.0.2.9", now), Ok(()));
    }
    assert_eq!(attempt(&slow_down, "b", OFFICE, now), Ok(()), "another account is not affected");
}

#[test]
fn parallel_attempts_gain_nothing() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    let under_way: Vec<_> = (0..20).filter_map(|_| slow_down.begin("a", None, 0).ok()).collect();
    assert_eq!(under_way.len(), 5);
}

#[test]
fn an_address_waits_whichever_accounts_it_tries() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    for account in 0..30 {
        assert_eq!(attempt(&slow_down, &format!("user-{account}"), OFFICE, 0), Ok(()));
    }
    assert_eq!(attempt(&slow_down, "another", OFFICE, 0), Err(1));
    assert_eq!(attempt(&slow_down, "another", "192.0.2.2", 0), Ok(()));
}

#[test]
fn a_success_forgives_the_account_and_one_attempt_of_the_address() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    for _ in 0..4 {
        attempt(&slow_down, "a", OFFICE, 0).unwrap();
    }
    slow_down.begin("a", OFFICE.parse().ok(), 0).unwrap().succeeded();
    for _ in 0..5 {
        assert_eq!(attempt(&slow_down, "a", "192.0.2.2", 0), Ok(()));
    }
    for account in 0..26 {
        assert_eq!(attempt(&slow_down, &format!("user-{account}"), OFFICE, 0), Ok(()), "four have failed");
    }
    assert_eq!(attempt(&slow_down, "another", OFFICE, 0), Err(1));
}

#[test]
fn an_attempt_that_could_not_be_judged_counts_for_nothing_and_lengthens_no_wait() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    let undecided = |now| slow_down.begin("a", OFFICE.parse().ok(), now).map(Attempt::undecided);
    for _ in 0..100 {
        assert_eq!(undecided(0), Ok(()));
    }
    for now in [1_000, 1_000, 1_000, 1_000, 1_000, 2_000] {
        assert_eq!(attempt(&slow_down, "a", OFFICE, now), Ok(()));
    }
    assert_eq!(attempt(&slow_down, "a", OFFICE, 2_000), Err(2));
    for _ in 0..3 {
        assert_eq!(undecided(4_000), Ok(()), "the wait is over and does not begin anew");
    }
    assert_eq!(attempt(&slow_down, "a", OFFICE, 4_000), Ok(()));
    assert_eq!(attempt(&slow_down, "a", OFFICE, 4_000), Err(4), "what was judged before counts");
}

#[test]
fn a_failure_that_came_meanwhile_stays_the_last() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    for _ in 0..5 {
        attempt(&slow_down, "a", OFFICE, 0).unwrap();
    }
    let under_way = slow_down.begin("a", None, 1_000).unwrap();
    attempt(&slow_down, "a", OFFICE, 3_000).unwrap();
    under_way.undecided();
    assert_eq!(attempt(&slow_down, "a", OFFICE, 4_999), Err(1), "two seconds from the sixth on");
    assert_eq!(attempt(&slow_down, "a", OFFICE, 5_000), Ok(()));
}

#[test]
fn failures_are_forgotten_after_a_while_and_not_before() {
    let slow_down = Arc::new(SlowDown::keyed(0));
    for _ in 0..6 {
        let _ = attempt(&slow_down, "a", OFFICE, 0);
    }
    assert_eq!(attempt(&slow_down, "a", OFFICE, 900_000), Ok(()));
    assert_eq!(attempt(&slow_down, "a", OFFICE, 900_000), Err(2), "it was remembered");
    assert_eq!(attempt(&slow_down, "a", OFFICE, 1_800_001), Ok(()));
    assert_eq!(attempt(&slow_down, "a", OFFICE, 1_800_001), Ok(()), "it was forgotten");
}

#[test]
fn an_ipv6_network_is_one_address_and_loopback_is_none() {
    let of = |text: &str| network(text.parse().unwrap());
    assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
    assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    assert_eq!((of("127.0.0.1"), of("::1"), of("::ffff:127.0.0.1")), (None, None, None));
}
