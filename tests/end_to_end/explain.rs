//! `assertion explain`: which rule an assertion breaks and how to fix it, without consuming the assertion.

use serde_json::Value;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::program::Finished;
use crate::server::Server;

fn explain(home: &TestHome, assertion: &str, further: &[&str]) -> Finished {
    home.dropins(&[&["assertion", "explain", assertion], further].concat())
}

/// The checks by reason code, in the order of application.
fn checks(explained: &Finished) -> Vec<(String, String)> {
    let json = explained.json();
    let text = |check: &Value, name: &str| check[name].as_str().unwrap().to_owned();
    json["checks"].as_array().unwrap().iter().map(|check| (text(check, "reason"), text(check, "state"))).collect()
}

#[test]
fn an_explained_assertion_is_not_consumed() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    for _ in 0..2 {
        let explained = explain(&home, &assertion, &[]).succeeded().stdout;
        assert!(explained.contains("accepted: ") && !explained.contains("FAILED"), "{explained}");
    }
    server.authenticate(&assertion).token();
    let explained = explain(&home, &assertion, &[]);
    assert_eq!(explained.code, Some(1));
    assert!(explained.stdout.contains("[replayed]"), "{}", explained.stdout);
    server.authenticate(&assertion).error(401, "invalid_client");
}

#[test]
fn every_rule_is_shown_and_the_broken_one_with_its_fix() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let good = explain(&home, &client.mint(), &["--json"]).succeeded();
    let rules: Vec<String> = checks(&good).into_iter().map(|(reason, _)| reason).collect();
    assert!(rules.len() > 30, "{rules:?}");
    assert!(checks(&good).iter().all(|(_, state)| state == "passed"), "{good:?}");

    let spoiled = client.assertion().claim("aud", "https://other.example").sign();
    let explained = explain(&home, &spoiled, &["--json"]);
    assert_eq!(explained.code, Some(1));
    let checks = checks(&explained);
    assert_eq!(checks.iter().map(|(reason, _)| reason).collect::<Vec<_>>(), rules.iter().collect::<Vec<_>>());
    let broken = checks.iter().position(|(_, state)| state == "failed").unwrap();
    assert_eq!(checks[broken].0, "audience-mismatch");
    assert!(checks[..broken].iter().all(|(_, state)| state == "passed"), "{checks:?}");
    assert!(checks[broken + 1..].iter().all(|(_, state)| state == "not-reached"), "{checks:?}");

    let explained = explain(&home, &spoiled, &[]);
    let failed = explained.stdout.split_once("FAILED").unwrap().1;
    for part in ["[audience-mismatch]", "expected", &home.issuer(), "received", "https://other.example", "to fix it"] {
        assert!(failed.contains(part), "`{part}` is missing in\n{failed}");
    }
    assert!(failed.contains("not reached") && failed.contains("refused: audience-mismatch"), "{failed}");
}

#[test]
fn an_assertion_is_read_from_a_file_too_and_the_client_id_counts() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let file = home.path("assertion.jwt");
    std::fs::write(&file, format!("{}\n", client.mint())).unwrap();
    explain(&home, file.to_str().unwrap(), &["--client-id", "app"]).succeeded();
    let explained = explain(&home, file.to_str().unwrap(), &["--client-id", "other"]);
    assert!(explained.code == Some(1) && explained.stdout.contains("[client-id-mismatch]"), "{explained:?}");
    let explained = explain(&home, "rubbish", &[]);
    assert!(explained.code == Some(1) && explained.stdout.contains("[not-a-compact-jws]"), "{explained:?}");
}
