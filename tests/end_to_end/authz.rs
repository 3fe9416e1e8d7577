//! Proxies that ask: what Envoy and Traefik send, as their documentation says, and what they get.

use std::net::SocketAddr;

use reqwest::Method;

use crate::client::TestClient;
use crate::home::{TestHome, free_address};
use crate::http::{Answer, Request};
use crate::server::{Server, credential};

const ISSUER: &str = "https://as.example.com";

fn home(lines: &str) -> (TestHome, SocketAddr) {
    let (home, address) = (TestHome::new(), free_address());
    home.append(&format!(
        "[transport.authz]\nenabled = true\nlisten = \"{address}\"\nissuer = \"{ISSUER}\"\n\
         introspection_endpoint = \"/oauth2/introspect\"\n{lines}\n"
    ));
    (home, address)
}

/// What Envoy sends with `path_prefix: /envoy`.
fn envoy(address: SocketAddr, path: &str, fields: &[(&str, &str)]) -> Request {
    Request::form(format!("http://{address}/envoy{path}"), fields)
}

/// What Traefik sends with `forwardBody: true`: a GET with the body, the request in headers.
fn traefik(address: SocketAddr, method: &str, path: &str, body: &str) -> Request {
    Request::new(Method::GET, format!("http://{address}/forward"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-method", method)
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-uri", path)
        .header("x-forwarded-for", "192.0.2.1")
        .body(body)
}

fn form(assertion: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(credential(assertion)).finish()
}

#[track_caller]
fn assert_names(answer: &Answer, client: &TestClient) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        (answer.header("x-dropins-client-id"), answer.header("x-dropins-method")),
        (client.id.as_str(), "private_key_jwt")
    );
    assert_eq!(answer.header("x-dropins-key"), client.key.thumbprint());
    assert!((8..=40).contains(&answer.header("x-dropins-reference").len()));
    assert_eq!(answer.body, "");
}

#[test]
fn envoy_and_traefik_are_told_who_the_client_is_and_a_replay_is_rejected() {
    let (home, address) = home("");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = || client.assertion().claim("aud", ISSUER).sign();
    let good = assertion();
    assert_names(&server.http().send(envoy(address, "/oauth2/token", &credential(&good))), &client);
    server.http().send(envoy(address, "/oauth2/token", &credential(&good))).error(401, "invalid_client");
    server.http().send(traefik(address, "POST", "/oauth2/token", &form(&good))).error(401, "invalid_client");
    assert_names(&server.http().send(traefik(address, "POST", "/oauth2/token", &form(&assertion()))), &client);
    let forged = envoy(address, "/oauth2/token", &credential(&assertion())).header("x-dropins-client-id", "admin");
    assert_names(&server.http().send(forged), &client);
    let another = assertion();
    let introspect = [&credential(&another)[..], &[("token", "t")]].concat();
    assert_names(&server.http().send(envoy(address, "/oauth2/introspect", &introspect)), &client);
    // Of the host that was called, nothing is believed.
    let other = client.assertion().claim("aud", "https://evil.example").sign();
    server.http().send(traefik(address, "POST", "/oauth2/token", &form(&other))).error(401, "invalid_client");
    let own = client.mint();
    server.http().send(envoy(address, "/oauth2/token", &credential(&own))).error(401, "invalid_client");
}

#[test]
fn what_the_proxy_holds_back_is_rejected_with_the_setting_to_change_in_the_log_and_consumes_nothing() {
    let (home, address) = home("");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.assertion().claim("aud", ISSUER).sign();
    let full = form(&assertion);
    let path = "/oauth2/token";
    let bare = |body: &str| Request::new(Method::POST, format!("http://{address}/envoy{path}")).body(body);
    for (request, setting) in [
        (envoy(address, path, &[]), "with_request_body: { max_request_bytes"),
        (
            envoy(address, path, &credential(&assertion)).header("x-envoy-auth-partial-body", "true"),
            "allow_partial_message: false",
        ),
        (bare(&full), "allowed_headers: a pattern for content-type"),
        (traefik(address, "POST", path, ""), "forwardAuth.forwardBody: true"),
        (Request::new(Method::GET, format!("http://{address}/forward")), "X-Forwarded-Method and X-Forwarded-Uri"),
    ] {
        server.http().send(request).error(400, "invalid_request");
        server.logged(setting);
    }
    for request in [
        Request::new(Method::GET, format!("http://{address}/envoy{path}")),
        traefik(address, "GET", path, &full),
        traefik(address, "PUT", path, &full),
    ] {
        server.http().send(request).error(405, "invalid_request");
    }
    let query = format!("{path}?client_assertion=x");
    server.http().send(envoy(address, &query, &credential(&assertion))).error(400, "invalid_request");
    for other in
        ["", "/", "/oauth2/revoke", "/oauth2//token", "/oauth2/x/../token/x", "/oauth2/%74oken", "/oauth2/token;x"]
    {
        let target = if other.is_empty() { "" } else { other };
        let answer = server.http().send(traefik(address, "POST", if target.is_empty() { "/" } else { target }, &full));
        answer.error(404, "invalid_request");
    }
    server.logged("transport.authz.token_endpoint");
    assert_names(&server.http().send(envoy(address, path, &credential(&assertion))), &client);
}

#[test]
fn what_no_plug_in_claims_is_never_let_through() {
    let (home, address) = home("");
    home.append(
        "[[service_provider]]\nclient_id = \"spa\"\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"authorization_code\"]\nredirect_uris = [\"https://spa.example/cb\"]\n",
    );
    let server = Server::start(&home);
    for fields in [&[("grant_type", "authorization_code"), ("client_id", "spa"), ("code", "c")][..], &[("a", "b")]] {
        let answer = server.http().send(envoy(address, "/oauth2/token", fields));
        answer.error(401, "invalid_client");
        assert_eq!(answer.header("x-dropins-client-id"), "");
    }
}

#[test]
fn off_loopback_only_proxies_with_the_token_or_of_a_listed_network_may_ask() {
    let (home, address) = home("token = \"s3cret-token\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.assertion().claim("aud", ISSUER).sign();
    let request = || envoy(address, "/oauth2/token", &credential(&assertion));
    assert_eq!(server.http().send(request()).status, 403);
    assert_eq!(server.http().send(request().header("x-dropins-token", "wrong")).status, 403);
    assert_names(&server.http().send(request().header("x-dropins-token", "s3cret-token")), &client);
    home.replace("token = \"s3cret-token\"", "allowed_networks = [\"10.0.0.0/8\"]");
    home.dropins(&["reload"]).succeeded();
    assert_eq!(server.http().send(request()).status, 403);
    let (_, log) = server.end("TERM");
    assert!(!log.contains("s3cret-token") && log.contains("a proxy may not ask"));
    home.replace(&format!("listen = \"{address}\""), "listen = \"0.0.0.0:9446\"");
    home.dropins(&["check"]).succeeded();
    home.replace("allowed_networks = [\"10.0.0.0/8\"]", "");
    home.dropins(&["check"]).failed(&["can be reached from other machines", "AUTHZ_TOKEN"]);
}

/// A field of a protobuf message with a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let (mut bytes, mut length) = (vec![number << 3 | 2], content.len());
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    [&bytes, content].concat()
}

/// A `CheckRequest` of Envoy about a form post, framed as gRPC does.
fn check_request(headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let entry =
        |(name, value): &(&str, &str)| field(3, &[field(1, name.as_bytes()), field(2, value.as_bytes())].concat());
    let headers: Vec<u8> = headers.iter().flat_map(entry).collect();
    let http = [field(2, b"POST"), headers, field(4, b"/oauth2/token"), field(12, body.as_bytes())].concat();
    let message = field(1, &field(4, &field(2, &http)));
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, &message].concat()
}

#[test]
fn envoy_asks_over_grpc_and_the_answer_overwrites_what_the_client_claimed() {
    if !crate::program::installed(&["curl"]) {
        return;
    }
    let (home, address) = home("token = \"s3cret\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let body = form(&client.assertion().claim("aud", ISSUER).sign());
    let length = body.len().to_string();
    let form_type = ("content-type", "application/x-www-form-urlencoded");
    let ask = |headers: &[(&str, &str)], body: &str, token: &str| {
        let (question, answer) = (home.path("question"), home.path("answer"));
        std::fs::write(&question, check_request(headers, body)).unwrap();
        let mut curl = crate::program::command("curl");
        curl.args([
            "--silent",
            "--http2-prior-knowledge",
            "--header",
            "content-type: application/grpc",
            "--header",
            "te: trailers",
        ]);
        curl.args(["--header", &format!("x-dropins-token: {token}"), "--write-out", "%{http_code}", "--output"])
            .arg(&answer);
        curl.arg("--data-binary").arg(format!("@{}", question.display()));
        curl.arg(format!("http://{address}/envoy.service.auth.v3.Authorization/Check"));
        // This curl takes an answer that precedes the end of its own body for a broken stream (92).
        let done = || Some(crate::program::run(&mut curl)).filter(|done| done.code != Some(92));
        let status = crate::wait::until("curl reads the answer", done).succeeded().line();
        (status, String::from_utf8_lossy(&std::fs::read(&answer).unwrap_or_default()).into_owned())
    };
    assert_eq!(ask(&[form_type], &body, "wrong").0, "403");
    let (status, cut) = ask(&[form_type, ("content-length", &length)], &body[1..], "s3cret");
    assert!(status == "200" && cut.contains("invalid_request"), "{cut}");
    server.logged("allow_partial_message: false");
    let forged =
        [form_type, ("content-length", &length), ("x-dropins-client-id", "admin"), ("x-dropins-else", "forged")];
    let (status, allowed) = ask(&forged, &body, "s3cret");
    assert_eq!(status, "200");
    for name in [
        "x-dropins-client-id",
        "x-dropins-method",
        "x-dropins-key",
        "x-dropins-reference",
        "x-dropins-else",
        "private_key_jwt",
    ] {
        assert!(allowed.contains(name), "{name} in {allowed:?}");
    }
    assert!(!allowed.contains("admin") && !allowed.contains("forged"), "{allowed:?}");
    let (_, replayed) = ask(&forged, &body, "s3cret");
    assert!(replayed.contains("invalid_client") && !replayed.contains("x-dropins-client-id"), "{replayed:?}");
}
