//! `assertion explain`: which rule an assertion breaks and how to fix it, without consuming the assertion. `explain`:
//! what became of a request.

use reqwest::Method;
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

    let explained = explain(&home, &spoiled, &["--all"]).stdout;
    let (before, failed) = explained.split_once("FAILED").unwrap();
    for part in ["[audience-mismatch]", "expected", &home.issuer(), "received", "https://other.example", "to fix it"] {
        assert!(failed.contains(part), "`{part}` is missing in\n{failed}");
    }
    assert!(before.starts_with("refused: audience-mismatch") && before.contains("\npassed "), "{explained}");
    assert!(failed.contains("\nnot reached "), "{failed}");

    let folded = explain(&home, &spoiled, &[]).stdout;
    assert!(folded.contains(" rules passed, ") && !folded.contains("\npassed "), "{folded}");
    for part in ["alg        \"ES256\"", "aud        \"https://other.example\"", "Z, in "] {
        assert!(folded.contains(part), "`{part}` is missing in\n{folded}");
    }
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

#[test]
fn the_reference_id_of_a_rejection_leads_to_its_reason_and_how_to_fix_it() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let spoiled = client.assertion().claim("aud", "https://other.example").sign();
    let reference = server.authenticate(&spoiled).reference();
    let explained = home.dropins(&["explain", &reference.to_lowercase()]).succeeded().stdout;
    for part in [
        "outcome    rejected",
        "reason     audience-mismatch",
        "received   \"https://other.example\"",
        "to fix it  Set aud to the issuer",
        "client     app",
        "plug-in    private_key_jwt_authenticator sha256:",
        &format!("key        {}", client.key.thumbprint()),
    ] {
        assert!(explained.contains(part), "`{part}` is missing in\n{explained}");
    }
    let json = home.dropins(&["explain", &reference, "--json"]).succeeded().json();
    assert_eq!((&json["reason"], &json["generation"]), (&"audience-mismatch".into(), &1.into()));
    assert_eq!(json["endpoint"], home.token_endpoint());
    let list = |reason: &str| home.dropins(&["explain", "--client", "app", "--reason", reason]).succeeded().stdout;
    assert!(list("audience-mismatch").contains(&reference) && !list("expired").contains(&reference));

    let unknown = TestClient::unregistered(&home, "nobody").mint();
    let reference = server.authenticate(&unknown).reference();
    assert!(home.dropins(&["explain", &reference]).succeeded().stdout.contains("unknown-client"));
    let reference = server.post(&[("grant_type", "client_credentials"), ("grant_type", "x")]).reference();
    assert!(home.dropins(&["explain", &reference]).succeeded().stdout.contains("outcome    malformed"));
    let path = format!("/decisions/{reference}");
    assert_eq!(server.admin_get(&path).status, 403, "not without the token, nor the socket");
    assert_eq!(server.operator(Method::GET, &path).status, 200);

    let page = server.get("/oauth2/authorize?client_id=app&response_type=code");
    let reference = page.body.split("class=\"reference\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert!(home.dropins(&["explain", reference]).succeeded().stdout.contains("outcome    authorization-refused"));

    home.dropins(&["explain", "ABCDEFGH"]).failed(&["ABCDEFGH", "[logging]"]);
    assert_eq!(home.dropins(&["explain", "../reload"]).code, Some(2));
}

#[test]
fn a_reason_code_is_explained_without_a_server() {
    let home = TestHome::new();
    for (reason, fix) in [("signature-invalid", "Sign with the private key"), ("wrong-secret", "current secret")] {
        let explained = home.dropins(&["explain", "--reason", reason]).succeeded().stdout;
        assert!(explained.contains(fix), "{explained}");
    }
    home.dropins(&["explain", "--reason", "nonsense"]).failed(&["nonsense"]);
}

#[test]
fn a_request_that_is_not_kept_in_memory_is_found_in_the_log_file() {
    let home = TestHome::new();
    home.replace("level = \"info\"", "level = \"info\"\nfile = \"repository/logs/dropins.log\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    server.authenticate(&client.mint()).token();
    let log = crate::logs::log_file(&home, "dropins.log");
    let reference = log.split("reference=\"").nth(1).unwrap().split('"').next().unwrap();
    let explained = home.dropins(&["explain", reference]).succeeded().stdout;
    assert!(explained.contains("authenticated") && explained.lines().count() == 1, "{explained}");
}

#[test]
fn a_client_without_any_key_is_told_so_wherever_an_operator_looks() {
    let home = TestHome::new();
    let client = TestClient::unregistered(&home, "app");
    let server = Server::start(&home);
    let added = home.dropins(&["client", "add", "app", "--auth-method", "private_key_jwt"]).succeeded().stdout;
    assert!(added.contains("no key at all") && added.contains("no keystore is configured"), "{added}");
    std::fs::write(home.path("repository/resources/security/wso2carbon.jks"), "").unwrap();
    let shown = home.dropins(&["client", "show", "app"]).succeeded().stdout;
    assert!(shown.contains("wso2carbon.jks in repository/resources/security is not configured"), "{shown}");
    let judged = explain(&home, &client.mint(), &[]).stdout;
    assert!(judged.contains("note: the client has no key at all"), "{judged}");
    let reference = crate::wait::until("the client is known", || {
        let reference = server.authenticate(&client.mint()).reference();
        let explained = home.dropins(&["explain", &reference]).stdout;
        explained.contains("no-matching-key").then_some(explained)
    });
    assert!(reference.contains("note       the client has no key at all"), "{reference}");
    home.append("[[service_provider]]\nclient_id = \"other\"\ntoken_endpoint_auth_method = \"private_key_jwt\"");
    let checked = home.dropins(&["check"]).succeeded().stdout;
    assert!(checked.contains("client `other`: keystore: the client has no key at all"), "{checked}");
}
