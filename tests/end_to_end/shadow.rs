//! A candidate beside the live plug-in: what the server reports about it, and that no request notices.

use reqwest::Method;

use crate::client::TestClient;
use crate::fixtures::Fixture;
use crate::home::TestHome;
use crate::operator::version;
use crate::server::Server;
use crate::upstream::{ISSUER, Upstream, in_front_of};
use crate::wait::until;

const NAME: &str = "private_key_jwt_authenticator";

/// A home whose listener of assertions has this component in its shadow.
fn shadowed(candidate: &[u8]) -> TestHome {
    let home = TestHome::new();
    std::fs::write(home.dropin("candidate.wasm"), candidate).unwrap();
    let id = format!("id = \"{NAME}\"");
    home.replace(&id, &format!("{id}\nshadow = \"candidate.wasm\""));
    home
}

/// Waits until the shadow has seen so many requests with this result.
#[track_caller]
fn counted(server: &Server, result: &str, count: u32) {
    let line = format!("dropins_shadow_requests_total{{plugin=\"{NAME}\",result=\"{result}\"}} {count}\n");
    until(&line, || server.admin_get("/metrics").body.contains(&line).then_some(()));
}

#[test]
fn a_candidate_that_decides_alike_agrees_on_tokens_replays_and_rejections() {
    let home = shadowed(&version(1));
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    server.authenticate(&assertion).token();
    counted(&server, "same", 1);
    server.authenticate(&assertion).error(401, "invalid_client");
    server.authenticate(&client.assertion().claim("aud", "https://other.example").sign()).error(401, "invalid_client");
    server.authenticate(&client.mint()).token();
    counted(&server, "same", 4);
    counted(&server, "different", 0);

    let status = server.admin_get("/status").json();
    let shadow = &status["plugins"][0]["shadow"];
    let shadow = if shadow.is_null() { &status["plugins"][1]["shadow"] } else { shadow };
    assert_eq!((&shadow["state"], &shadow["requests"]["same"]), (&"running".into(), &4.into()), "{status:#}");
    let inactive = status["inactive"].as_array().unwrap().iter();
    let inactive: Vec<_> = inactive.map(|plugin| plugin["name"].as_str().unwrap()).collect();
    assert_eq!(inactive, ["federated_jwt_authenticator"], "a shadow is not forgotten in the folder");
    let shown = home.dropins(&["plugin", "diff", NAME]).succeeded().stdout;
    assert!(shown.contains("same 4  different 0  failed 0  skipped 0"), "{shown}");
    let listed = home.dropins(&["plugin", "list", "--json"]).succeeded().json();
    let states: Vec<_> = listed.as_array().unwrap().iter().map(|plugin| plugin["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["live", "live", "shadow", "inactive"], "{listed:#}");
}

#[test]
fn a_candidate_follows_the_requests_that_go_to_a_server_behind_this_one() {
    let (home, upstream) = (shadowed(&version(1)), Upstream::start());
    in_front_of(&home, &upstream, "");
    let client = TestClient::register_with(&home, "app", "upstream_client_secret = \"theirs\"");
    let server = Server::start(&home);
    let assertion = client.assertion().claim("aud", ISSUER).sign();
    assert_eq!(server.authenticate(&assertion).status, 200);
    server.authenticate(&assertion).error(401, "invalid_client");
    counted(&server, "same", 2);
    assert_eq!(upstream.received().len(), 1, "the shadow sends nothing");
}

#[test]
fn a_candidate_that_rejects_every_client_is_reported_with_reference_ids_and_rejects_none() {
    let refusing = Fixture::named("refusing")
        .reads(&["form:client_assertion", "form:client_assertion_type"])
        .authenticate("(global.get $rejected)");
    let home = shadowed(&refusing.component());
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertions = [client.mint(), client.mint()];
    for assertion in &assertions {
        server.authenticate(assertion).token();
    }
    counted(&server, "different", 2);

    let answer = server.operator(Method::GET, &format!("/plugins/{NAME}/diff"));
    assert_eq!(answer.status, 200);
    let document = answer.json();
    let difference = &document["differences"][0];
    assert_eq!(
        (&difference["live"]["outcome"], &difference["live"]["client"]),
        (&"authenticated".into(), &"app".into())
    );
    assert_eq!(difference["candidate"]["reason"], "fixture-says-no");
    let reference = difference["reference"].as_str().unwrap();
    assert!(server.logged(&format!("reference=\"{reference}\"")).contains("authenticated"), "it finds the request");
    server.logged("the shadow differs from the live plug-in");

    let shown = home.dropins(&["plugin", "diff", NAME]).succeeded().stdout;
    assert!(shown.contains("different 2") && shown.contains(reference), "{shown}");
    assert!(shown.contains("authenticated (app)") && shown.contains("rejected (fixture-says-no)"), "{shown}");
    let (_, log) = server.end("TERM");
    let seen = |text: &str| assertions.iter().any(|assertion| text.contains(assertion.as_str()));
    assert!(!seen(&answer.body) && !seen(&shown) && !seen(&log), "an assertion is written down");
}

#[test]
fn a_broken_candidate_is_a_warning_and_the_server_serves() {
    for (candidate, reason) in [
        (&b"not a component"[..], "no plug-in in a file of this name"),
        (dropins_components::CLIENT_SECRET, "it rejects"),
    ] {
        let home = shadowed(candidate);
        let client = TestClient::register(&home, "app");
        let checked = home.dropins(&["check"]).succeeded().stdout;
        assert!(
            checked.contains("warning: ") && checked.contains("the shadow candidate.wasm does not run"),
            "{checked}"
        );
        let server = Server::start(&home);
        server.authenticate(&client.mint()).token();
        let document = server.operator(Method::GET, &format!("/plugins/{NAME}/diff")).json();
        assert_eq!(document["shadow"]["state"], "not-running");
        assert!(document["shadow"]["reason"].as_str().unwrap().contains(reason), "{document:#}");
        home.dropins(&["plugin", "diff", NAME]).failed(&["does not run"]);
    }
}

#[test]
fn without_a_shadow_there_is_no_difference_to_show() {
    let server_home = TestHome::new();
    let _server = Server::start(&server_home);
    server_home.dropins(&["plugin", "diff", NAME]).failed(&["nothing runs beside", "shadow = "]);
    server_home.dropins(&["plugin", "diff", "stranger"]).failed(&["no live plug-in answers to `stranger`"]);
}
