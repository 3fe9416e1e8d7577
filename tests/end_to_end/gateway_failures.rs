//! An upstream that is down, hangs up or says nothing: what the client is told, and whether its assertion is used up.

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;
use crate::upstream::{ISSUER, Reply, Upstream, in_front_of};

const SECRET: &str = "upstream_client_secret = \"theirs\"";
const RETRY: &str = "EnableCacheForJTI = true\nRetryWindowInSeconds = 300";

fn home(upstream: &Upstream, lines: &str, retry: bool) -> (TestHome, TestClient) {
    let home = TestHome::new();
    if retry {
        home.replace("EnableCacheForJTI = true", RETRY);
    }
    in_front_of(&home, upstream, lines);
    let client = TestClient::register_with(&home, "app", SECRET);
    (home, client)
}

fn assertion(client: &TestClient) -> String {
    client.assertion().claim("aud", ISSUER).sign()
}

#[test]
fn while_the_upstream_is_down_a_request_is_502_and_may_be_repeated_as_it_was_once() {
    let upstream = Upstream::start();
    let (home, client) = home(&upstream, "", true);
    let server = Server::start(&home);
    assert_eq!(server.authenticate(&assertion(&client)).status, 200);
    let address = upstream.address();
    drop(upstream);
    let assertion = assertion(&client);
    let answer = server.authenticate(&assertion);
    answer.error(502, "server_error");
    let explained = home.dropins(&["explain", &answer.reference()]).succeeded();
    assert!(explained.stdout.contains("cannot be reached"), "{explained:?}");
    assert!(server.admin_get("/metrics").body.contains("outcome=\"unreached\""));

    let upstream = Upstream::at(address, |_| Reply::Answer(200, "", "token".to_owned()));
    server.authenticate_with(&assertion, &[("scope", "other")]).error(401, "invalid_client");
    assert_eq!(server.authenticate(&assertion).body, "token");
    server.authenticate(&assertion).error(401, "invalid_client");
    assert_eq!(upstream.received().len(), 1);
}

#[test]
fn without_a_retry_window_an_assertion_stays_used_although_the_upstream_was_down() {
    let upstream = Upstream::start();
    let (home, client) = home(&upstream, "", false);
    let server = Server::start(&home);
    let address = upstream.address();
    drop(upstream);
    let assertion = assertion(&client);
    server.authenticate(&assertion).error(502, "server_error");
    let _back = Upstream::at(address, |_| Reply::Answer(200, "", "token".to_owned()));
    server.authenticate(&assertion).error(401, "invalid_client");
}

#[test]
fn once_a_byte_may_have_reached_the_upstream_an_assertion_stays_used_whatever_is_answered() {
    for (reply, status) in
        [(Reply::HangUp, 502), (Reply::Silence, 504), (Reply::Answer(503, "", "busy".to_owned()), 503)]
    {
        let told = reply.clone();
        let upstream = Upstream::with(move |_| told.clone());
        let (home, client) = home(&upstream, "read_timeout = \"1s\"", true);
        let server = Server::start(&home);
        let assertion = assertion(&client);
        let answer = server.authenticate(&assertion);
        assert_eq!(answer.status, status, "{reply:?}: {answer:?}");
        match status {
            503 => assert_eq!(answer.body, "busy"),
            _ => drop(answer.error(status, "server_error")),
        }
        server.authenticate(&assertion).error(401, "invalid_client");
        assert_eq!(upstream.received().len(), 1, "{reply:?}: nothing is sent twice");
    }
}

#[test]
fn a_kept_connection_that_the_upstream_closed_costs_no_request() {
    let upstream = Upstream::with(|_| Reply::Answer(200, "", "token".to_owned()));
    let (home, client) = home(&upstream, "", false);
    let server = Server::start(&home);
    let address = upstream.address();
    assert_eq!(server.authenticate(&assertion(&client)).status, 200);
    drop(upstream);
    let _restarted = Upstream::at(address, |_| Reply::Answer(200, "", "again".to_owned()));
    assert_eq!(server.authenticate(&assertion(&client)).body, "again");
}

#[test]
fn a_path_that_passes_has_its_own_limits() {
    let upstream = Upstream::with(|request| match request.line.contains("silent") {
        true => Reply::Silence,
        false => Reply::Answer(200, "", request.body.len().to_string()),
    });
    let (home, _) =
        home(&upstream, "pass = [\"/up\", \"/silent\"]\nbody_limit = \"64KiB\"\nread_timeout = \"1s\"", false);
    let server = Server::start(&home);
    let send = |path: &str, length: usize| {
        let request = crate::http::Request::new(reqwest::Method::PUT, server.url(path)).body(vec![b'x'; length]);
        server.http().send(request)
    };
    assert_eq!(send("/up", 65536).body, "65536");
    send("/up", 65537).error(413, "invalid_request");
    send("/silent", 1).error(504, "server_error");
    drop(upstream);
    send("/up", 1).error(502, "server_error");
}
