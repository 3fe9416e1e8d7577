//! Malformed requests: each gets a clear HTTP error, and the server goes on.

use reqwest::Method;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::server::{ASSERTION_TYPE, Server, credential};

const FORM: &str = "application/x-www-form-urlencoded";

fn post(server: &Server, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
    server
        .http()
        .send(Request::new(Method::POST, server.url("/oauth2/token")).header("content-type", content_type).body(body))
}

/// A server, a client, and an assertion that is still unused at the end.
fn with_assertion(bad: impl Fn(&Server, &str)) {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let assertion = client.mint();
    bad(&server, &assertion);
    server.authenticate(&assertion).token();
}

#[test]
fn only_post_is_allowed() {
    with_assertion(|server, _| {
        for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
            let answer = server.http().send(Request::new(method.clone(), server.url("/oauth2/token")));
            answer.error(405, "invalid_request");
            assert_eq!(answer.header("allow"), "POST", "{method}");
        }
        assert_eq!(server.get("/oauth2/nothing").status, 404);
    });
}

#[test]
fn parameters_in_the_url_are_rejected() {
    with_assertion(|server, assertion| {
        let in_url = form_urlencoded::Serializer::new(String::new()).extend_pairs(credential(assertion)).finish();
        for query in [in_url.as_str(), "grant_type=client_credentials", "client%5fid=app"] {
            let url = format!("{}?{query}", server.url("/oauth2/token"));
            server.http().send(Request::form(url, &credential(assertion))).error(400, "invalid_request");
        }
    });
}

#[test]
fn other_content_types_are_rejected_and_charset_parameters_are_not() {
    with_assertion(|server, assertion| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(credential(assertion)).finish();
        for content_type in ["application/json", "text/plain", "multipart/form-data; boundary=x", ""] {
            post(server, content_type, body.as_str()).error(400, "invalid_request");
        }
        server.http().send(Request::new(Method::POST, server.url("/oauth2/token"))).error(400, "invalid_request");
        for content_type in
            ["application/x-www-form-urlencoded;charset=ISO-8859-1", "APPLICATION/X-WWW-FORM-URLENCODED"]
        {
            post(server, content_type, "grant_type=client_credentials").error(401, "invalid_client");
        }
    });
}

#[test]
fn repeated_parameters_are_rejected() {
    with_assertion(|server, assertion| {
        for repeated in ["client_assertion", "client_assertion_type", "grant_type", "client_id"] {
            let twice = [(repeated, "x"), (repeated, "x")];
            server.authenticate_with(assertion, &twice).error(400, "invalid_request");
        }
    });
}

#[test]
fn resource_and_audience_may_be_repeated() {
    with_assertion(|server, _| {
        let twice = [
            ("resource", "https://a.example"),
            ("resource", "https://b.example"),
            ("audience", "a"),
            ("audience", "b"),
        ];
        server.post(&[&[("grant_type", "client_credentials")][..], &twice].concat()).error(401, "invalid_client");
    });
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let twice =
        [("resource", "https://a.example"), ("resource", "https://b.example"), ("audience", "a"), ("audience", "b")];
    server.authenticate_with(&client.mint(), &twice).token();
}

#[test]
fn another_credential_beside_an_assertion_is_rejected_whatever_is_enabled() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    home.replace("order = 900\nenable = true", "order = 900\nenable = false");
    let server = Server::start(&home);
    let assertion = client.mint();
    for header in ["Bearer x", "Digest username=\"app\"", "Basic YXBwOng=", "x"] {
        let request = server.token_request(&credential(&assertion)).header("authorization", header);
        server.http().send(request).error(400, "invalid_request");
    }
    server.authenticate_with(&assertion, &[("client_secret", "x")]).error(400, "invalid_request");
    server.authenticate_with(&assertion, &[("client_secret", "")]).token();
}

#[test]
fn one_slash_more_is_the_same_endpoint() {
    with_assertion(|server, _| {
        let unauthenticated = [("grant_type", "client_credentials"), ("token", "x")];
        for path in ["/oauth2/token/", "/oauth2/revoke/", "/oauth2/introspect/", "/oauth2/par/"] {
            server.http().send(Request::form(server.url(path), &unauthenticated)).error(401, "invalid_client");
        }
        for path in ["/oauth2/jwks/", "/.well-known/openid-configuration/", "/.well-known/oauth-authorization-server/"]
        {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
        assert_eq!(server.get("/oauth2/authorize/").status, 400);
        assert_eq!(server.get("/oauth2/token//").status, 404);
    });
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    server.http().send(Request::form(server.url("/oauth2/token/"), &credential(&client.mint()))).token();
}

#[test]
fn browsers_are_told_to_stay_on_https() {
    with_assertion(|server, _| {
        for path in ["/oauth2/jwks", "/oauth2/token", "/nothing"] {
            assert_eq!(server.get(path).header("strict-transport-security"), "max-age=31536000", "{path}");
        }
        assert_eq!(server.admin_get("/healthz").header("strict-transport-security"), "");
    });
}

#[test]
fn broken_encoding_is_rejected() {
    with_assertion(|server, _| {
        for body in [&b"grant_type=client_credentials&x=%zz"[..], b"grant_type=client_credentials&x=\xff", b"x=%e4"] {
            post(server, FORM, body).error(400, "invalid_request");
        }
        let many: String = (0..101).map(|number| format!("p{number}=1&")).collect();
        post(server, FORM, many).error(400, "invalid_request");
    });
}

#[test]
fn an_assertion_and_its_type_belong_together() {
    with_assertion(|server, assertion| {
        let grant = ("grant_type", "client_credentials");
        for fields in [
            &[grant, ("client_assertion", assertion)][..],
            &[grant, ("client_assertion_type", ASSERTION_TYPE)],
            &[grant, ("client_assertion", ""), ("client_assertion_type", ASSERTION_TYPE)],
            &[grant, ("client_assertion", assertion), ("client_assertion_type", "urn:ietf:params:oauth:saml2-bearer")],
        ] {
            server.post(fields).error(400, "invalid_request");
        }
    });
}

#[test]
fn what_is_not_a_compact_jws_is_rejected_as_malformed() {
    with_assertion(|server, assertion| {
        let parts: Vec<&str> = assertion.split('.').collect();
        let (header, claims, signature) = (parts[0], parts[1], parts[2]);
        for malformed in [
            "x".to_owned(),
            "..".to_owned(),
            format!("{header}.{claims}"),
            format!("{assertion}.{signature}"),
            format!("{header}.{claims}.{signature}="),
            format!(" {assertion}"),
            format!("{assertion}\n"),
            // {"a":1,"a":1}
            format!("{header}.eyJhIjoxLCJhIjoxfQ.{signature}"),
            // {}x
            format!("{header}.e314.{signature}"),
            format!("{header}.{}.{signature}", "A".repeat(17 << 10)),
        ] {
            server.authenticate(&malformed).error(400, "invalid_request");
        }
        server.authenticate(&format!("{header}.{claims}.")).error(401, "invalid_client");
    });
}

#[test]
fn a_body_of_a_megabyte_is_too_large() {
    with_assertion(|server, assertion| {
        let large = format!("grant_type=client_credentials&x={}", "x".repeat(1 << 20));
        post(server, FORM, large.as_str()).error(413, "invalid_request");
        server.authenticate_with(assertion, &[("scope", &"s".repeat(64 << 10))]).error(413, "invalid_request");
    });
}
