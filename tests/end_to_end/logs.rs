//! Logs: one audit event per decision, and never a secret.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::Request;
use crate::server::{Server, credential};

const SECRET: &str = "a-very-secret-word";

/// All lines about requests; the compiler's traces would be gigabytes.
const EVERYTHING: &str = "trace,cranelift_codegen=warn,cranelift_frontend=warn,regalloc2=warn,wasmtime=warn,\
    wasmtime_environ=warn,wasmtime_internal_cache=warn,wasmtime_internal_cranelift=warn";

/// Everything that the server may log about credentials, right and wrong ones.
fn session(home: &TestHome, environment: &[(&str, &str)]) -> (Vec<String>, String) {
    let client = TestClient::register(home, "app");
    home.append(&format!("[[service_provider]]\nclient_id = \"post\"\nclient_secret = \"{SECRET}\"\n"));
    let server = Server::start_with(home, &[], environment);
    let good = client.mint();
    let spoiled = client.assertion().claim("aud", "https://other.example").sign();
    let cut = good[..good.len() - 20].to_owned();
    for assertion in [&good, &good, &spoiled, &cut] {
        server.authenticate(assertion);
        server.authenticate_with(assertion, &[("client_secret", SECRET)]);
        server.authenticate_with(assertion, &[("client_assertion", assertion)]);
        let url = format!("{}?client_assertion={assertion}", server.url("/oauth2/token"));
        server.http().send(Request::form(url, &credential(assertion)));
    }
    for secret in [SECRET, &format!("{SECRET}-and-more")] {
        server.post(&[("grant_type", "client_credentials"), ("client_id", "post"), ("client_secret", secret)]);
    }
    let (code, log) = server.end("TERM");
    assert_eq!(code, Some(0));
    let signatures = [&good, &spoiled].map(|assertion| assertion.rsplit('.').next().unwrap().to_owned());
    let claims = [&good, &spoiled].map(|assertion| assertion.split('.').nth(1).unwrap().to_owned());
    let secrets = signatures.into_iter().chain(claims).chain([cut, SECRET.to_owned()]);
    (secrets.collect(), log)
}

#[test]
fn neither_assertions_nor_secrets_are_ever_logged() {
    for level in ["info", EVERYTHING] {
        let home = TestHome::new();
        let (secrets, log) = session(&home, &[("DROPINS_LOG", level)]);
        assert!(log.contains("authenticated") && log.contains("replayed"), "{log}");
        for secret in secrets {
            if let Some(line) = log.lines().find(|line| line.contains(&secret)) {
                panic!("at level {level}, {secret} is in the log: {line}");
            }
        }
    }
}

#[test]
fn json_logs_are_json_line_by_line_with_one_audit_event_per_decision() {
    let home = TestHome::new();
    home.replace("format = \"human\"", "format = \"json\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    let answer = server.authenticate(&assertion);
    let log = server.end("TERM").1;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let audit: Vec<&Value> = lines.iter().filter(|line| line["target"] == "dropins::audit").collect();
    assert_eq!(audit.len(), 2, "{log}");
    assert_eq!((&audit[0]["outcome"], &audit[0]["client"]), (&"authenticated".into(), &"app".into()));
    assert_eq!((&audit[1]["outcome"], &audit[1]["reason"]), (&"rejected".into(), &"replayed".into()));
    assert_eq!(audit[1]["reference"], answer.reference());
    for event in audit {
        assert_eq!((&event["method"], &event["algorithm"]), (&event["method"], &"ES256".into()), "{event}");
        assert_eq!(event["plugin"], "private_key_jwt_authenticator");
        assert_eq!(event["thumbprint"], client.key.thumbprint());
        assert!(event["digest"].as_str().unwrap().starts_with("sha256:") && event["micros"].is_u64(), "{event}");
    }
}

/// The text of the only log file whose name begins so.
pub(crate) fn log_file(home: &TestHome, name: &str) -> String {
    let files = std::fs::read_dir(home.path("repository/logs")).unwrap().map(|file| file.unwrap());
    let files: Vec<_> = files.filter(|file| file.file_name().to_str().unwrap().starts_with(name)).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::read_to_string(file.path()).unwrap()
}

#[test]
fn the_log_is_in_a_file_for_its_user_only_and_moves_with_a_reload() {
    let home = TestHome::new();
    home.replace("level = \"info\"", "level = \"info\"\nfile = \"repository/logs/first.log\"\nkeep = 3");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let reference = server.authenticate(&client.assertion().claim("exp", 1).sign()).reference();
    assert!(log_file(&home, "first.log.").contains(&reference));
    let moved = home.deployment().replace("first.log", "second.log").replace("keep = 3", "rotate = \"never\"");
    home.write_deployment(&moved);
    home.dropins(&["reload"]).succeeded();
    let reference = server.authenticate(&client.assertion().claim("exp", 1).sign()).reference();
    assert!(log_file(&home, "second.log").contains(&reference) && !log_file(&home, "first.log.").contains(&reference));

    home.write_deployment(&moved.replace("\nfile = \"repository/logs/second.log\"", ""));
    home.dropins(&["reload"]).succeeded();
    let reference = server.authenticate(&client.assertion().claim("exp", 1).sign()).reference();
    server.logged(&reference);
    let (_, stderr) = server.end("TERM");
    assert!(!stderr.contains("generation=2"), "what came before the last reload is in the files\n{stderr}");
}

#[test]
fn a_log_file_that_cannot_be_opened_stops_the_start_and_is_named() {
    let home = TestHome::new();
    std::fs::write(home.path("file"), "").unwrap();
    home.replace("level = \"info\"", "level = \"info\"\nfile = \"file/dropins.log\"");
    home.dropins(&["serve"]).failed(&["file/dropins.log", "[logging] file"]);
}
