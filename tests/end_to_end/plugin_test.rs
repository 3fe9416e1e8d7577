//! `dropins plugin test`: a component on its author's bench, without a server.

use serde_json::Value;

use crate::client::TestClient;
use crate::fixtures::{Condition, EMIT, Fixture, ONCE};
use crate::home::TestHome;
use crate::program::{Finished, dropins};
use crate::server::Server;

const BASIC: &str = "Authorization=Basic aWQ6c2VjcmV0";
const JWT_BEARER: &str = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn test(file: &std::path::Path, options: &[&str]) -> Finished {
    dropins(&[&["plugin", "test", file.to_str().unwrap(), "--runs", "3"], options].concat())
}

#[test]
fn a_component_is_judged_without_a_server_and_without_a_home() {
    let home = TestHome::new();
    let file = home.dropin("client_secret_authenticator.wasm");
    let report = |options: &[&str]| test(&file, &[options, &["--json"]].concat()).succeeded().json();

    let judged = report(&["--header", BASIC]);
    assert_eq!(judged["outcome"], "authenticated");
    assert_eq!((&judged["assumed"], &judged["conditions"][0]["reason"]), (&Value::Bool(true), &"wrong-secret".into()));
    assert!(!judged.to_string().contains("\"secret\""), "{judged}");
    assert_eq!(judged["numbers"]["runs"], 3);
    let memory = judged["numbers"]["memory"].as_u64().unwrap();
    assert!((64 << 10..=16 << 20).contains(&memory), "{memory} bytes");
    assert!(judged["checks"].as_array().unwrap().iter().any(|check| check["state"] == "passed"));

    assert_eq!(report(&["--header", BASIC, "--client", "id"])["outcome"], "authenticated");
    let other = report(&["--header", BASIC, "--client", "other"]);
    assert!(other["conclusion"].as_str().unwrap().contains("unknown-client"), "{other}");
    assert_eq!(report(&["--form", "client_secret=s"])["checks"][4]["state"], "failed");
    let unasked = report(&["--form", "code=1"]);
    assert_eq!((&unasked["outcome"], &unasked["numbers"]), (&"not-asked".into(), &Value::Null));

    let said = test(&file, &["--header", BASIC]).succeeded().stdout;
    for part in
        ["verdict    authenticated: client id by client_secret_basic", "assumed", "ms median", "KiB of 16384 KiB"]
    {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
}

#[test]
fn a_component_that_a_server_would_refuse_is_refused_with_the_reason() {
    let (home, folder) = (TestHome::new(), tempfile::tempdir().unwrap());
    let file = home.dropin("client_secret_authenticator.wasm");
    test(&file, &["--property", "Mode=x"]).failed(&["is refused", "Mode", "has no properties"]);
    let text = folder.path().join("text.wasm");
    std::fs::write(&text, "no component").unwrap();
    let refused = test(&text, &["--json"]).failed(&["text.wasm"]);
    assert!(refused.json()["error"].is_string());
    let wide = folder.path().join("wide.wasm");
    std::fs::write(&wide, Fixture::named("wide").undiscerning().reads(&["form:wide"]).component()).unwrap();
    test(&wide, &["--form", "wide=1"]).failed(&["is refused", "garbage credential", "it authenticated the client"]);
}

#[test]
fn what_a_plug_in_logs_is_shown_also_when_it_traps_and_a_trap_is_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let report = |authenticate: &str| {
        let file = folder.path().join("logging.wasm");
        let fixture = Fixture::named("logging").text("a line of its own").conditions(&[Condition::Secret("drip")]);
        std::fs::write(&file, fixture.authenticate(authenticate).component()).unwrap();
        test(&file, &["--form", "token=short", "--json"]).succeeded().json()
    };
    let line = serde_json::json!([{ "level": "warn", "message": "a line of its own" }]);
    let judged = report(&format!("{EMIT} {ONCE}"));
    assert_eq!((&judged["outcome"], &judged["log"]), (&"authenticated".into(), &line), "{judged}");
    let trapped = report(&format!("{EMIT} (unreachable)"));
    assert_eq!((&trapped["outcome"], &trapped["log"]), (&"failed".into(), &line), "{trapped}");
    assert_eq!(trapped["numbers"], Value::Null);
}

#[test]
fn with_a_home_its_clients_and_keys_hold_and_nothing_is_consumed() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let file = home.dropin("private_key_jwt_authenticator.wasm");
    let assertion = client.mint();
    let form = format!("client_assertion={assertion}");
    let report = |home: &[&str]| {
        test(&file, &[&["--form", &form, "--form", JWT_BEARER, "--json"], home].concat()).succeeded().json()
    };
    for _ in 0..2 {
        let judged = report(&["--home", home.root(), "--client", "app"]);
        assert_eq!(
            (&judged["outcome"], &judged["assumed"]),
            (&"authenticated".into(), &Value::Bool(false)),
            "{judged}"
        );
        assert_eq!(judged["conditions"][0]["reason"], "replayed");
    }
    assert!(!report(&["--home", home.root()]).to_string().contains(&assertion));
    let without = report(&[]);
    assert!(without["conclusion"].as_str().unwrap().contains("no-matching-key"), "{without}");
    test(&file, &["--form", &form, "--home", home.root(), "--client", "other"]).failed(&["no client `other`"]);
    Server::start(&home).authenticate(&assertion).token();
}
