//! Attackers in front of the gateway: forged headers, paths with two readings, requests without a credential, credentials
//! that are carried on. The upstream must hear nothing of them, or nothing that is theirs.

use crate::client::TestClient;
use crate::home::TestHome;
use crate::plain::{self, get, post};
use crate::server::{ASSERTION_TYPE, Server};
use crate::upstream::{ISSUER, Received, Reply, Upstream, in_front_of};

const SECRET: &str = "upstream_client_id = \"up-app\"\nupstream_client_secret = \"theirs\"";

/// Everything that only a proxy may say, in many spellings.
const FORGED: &str = "Forwarded: for=203.0.113.9\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Host: evil.example\r\n\
    X-Forwarded-Proto: http\r\nX-Forwarded-Port: 1\r\nX-Forwarded-User: admin\r\nX-Forwarded-Client-Cert: Hash=x\r\n\
    X_Forwarded_For: 203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\nClient-Cert: :x:\r\nClient-Cert-Chain: :x:\r\n\
    Client_Cert: :x:\r\nX-SSL-Client-Cert: x\r\nX-SSL-Client-S-DN: CN=admin\r\nSSL-Client-Cert: x\r\n\
    X-Dropins-Client-Id: admin\r\nx_dropins_client_id: admin\r\nX-Dropins-Else: x\r\nX-Client-Id: admin\r\n\
    x_client_id: admin\r\nConnection: x-named, authorization\r\nX-Named: 1\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n\
    Proxy-Authorization: Basic x\r\nUpgrade: h2c\r\n";

/// What an upstream may see of all that: what this server says itself.
#[track_caller]
fn assert_nothing_forged(received: &Received) {
    for (name, value) in &received.headers {
        for text in ["203.0.113.9", "evil.example", "admin", "Hash=x", "CN=", ":x:", "x-named", "h2c", "trailers"] {
            assert!(!value.contains(text), "{name}: {value}");
        }
        let plain = name.replace('_', "-");
        for family in
            ["x-dropins-", "x-ssl-", "client-cert", "ssl-client", "x-real-ip", "x-named", "keep-alive", "upgrade"]
        {
            assert!(!plain.starts_with(family), "{name}: {value}");
        }
    }
    assert_eq!(received.header("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(received.header("x-forwarded-host"), ["as.example.com"]);
    assert_eq!(received.header("x-forwarded-proto"), ["https"]);
    assert_eq!(received.header("forwarded"), ["for=127.0.0.1;host=\"as.example.com\";proto=https"]);
}

fn body(client: &TestClient) -> String {
    let assertion = client.assertion().claim("aud", ISSUER).sign();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("grant_type", "client_credentials"), ("client_assertion_type", ASSERTION_TYPE)])
        .append_pair("client_assertion", &assertion)
        .finish()
}

#[test]
fn forged_headers_reach_no_upstream_on_any_path_and_ours_cannot_be_removed() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    let address = plain::enable(&home);
    let lines = "credential = \"header\"\nheader = \"x-client-id\"\npass = [\"/oauth2/userinfo\"]";
    in_front_of(&home, &upstream, lines);
    let client = TestClient::register_with(&home, "app", "upstream_client_id = \"up-app\"");
    let _server = Server::start(&home);

    let trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    let answer = plain::send(address, &post("/oauth2/token", &format!("{FORGED}{trace}"), &body(&client)));
    assert_eq!(answer.status, 200, "{answer:?}");
    let received = upstream.only();
    assert_nothing_forged(&received);
    assert_eq!(received.header("x-client-id"), ["up-app"]);
    assert_eq!(received.header("authorization"), Vec::<&str>::new());
    assert_eq!(received.header("traceparent").len(), 1);
    assert_eq!(received.body, "grant_type=client_credentials");

    let bearer = format!("{FORGED}{trace}Cookie: a=1\r\n").replace(", authorization", "");
    let answer = plain::send(address, &get("/oauth2/userinfo?a=%20b", &format!("{bearer}Authorization: Bearer t\r\n")));
    assert_eq!(answer.status, 200, "{answer:?}");
    let received = upstream.received().remove(1);
    assert_nothing_forged(&received);
    assert_eq!(received.line, "GET /oauth2/userinfo?a=%20b HTTP/1.1");
    assert_eq!((received.header("x-client-id"), received.header("authorization")), (vec![], vec!["Bearer t"]));
    assert_eq!((received.header("cookie"), received.header("traceparent").len()), (vec!["a=1"], 1));
}

#[test]
fn a_path_that_is_not_configured_or_has_two_readings_is_not_found_and_reaches_no_upstream() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    let address = plain::enable(&home);
    in_front_of(&home, &upstream, "pass = [\"/login/*\", \"/oauth2/authorize\"]");
    let client = TestClient::register_with(&home, "app", SECRET);
    let _server = Server::start(&home);
    for path in [
        "/",
        "/oauth2",
        "/oauth2/introspect",
        "/oauth2/revoke",
        "/oauth2/par",
        "/admin",
        "/login",
        "/oauth2/Token",
        "/OAUTH2/TOKEN",
        "//oauth2/token",
        "/oauth2//token",
        "/oauth2/token//",
        "/./oauth2/token",
        "/oauth2/./token",
        "/x/../oauth2/token",
        "/oauth2/%74oken",
        "/oauth2%2Ftoken",
        "/%2e%2e/oauth2/token",
        "/login/../oauth2/token",
        "/login/%2e%2e/oauth2/token",
        "/login/..%2foauth2/token",
        "/login/..;/oauth2/token",
        "/login/;x",
        "/login//x",
        "/login/.",
        "/login/x/..",
        "/login/a%00",
        "/login/a%20b",
        "http://evil.example/x",
        "*",
    ] {
        let answer = plain::send(address, &post(path, "", &body(&client)));
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert!(upstream.received().is_empty(), "{:#?}", upstream.received());
    for path in ["/login/a/b", "/oauth2/authorize?x=..%2f", "/oauth2/token", "/oauth2/token/"] {
        assert_eq!(plain::send(address, &post(path, "", &body(&client))).status, 200, "{path}");
    }
    // The host of an absolute target is no way out: the configuration names the target.
    assert_eq!(plain::send(address, &get("http://evil.example/login/x", "")).status, 200);
    assert_eq!(upstream.received().len(), 5);
}

#[test]
fn without_a_credential_only_a_known_client_without_one_reaches_the_upstream() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    in_front_of(&home, &upstream, "introspection_endpoint = \"/introspect\"\nrevocation_endpoint = \"/revoke\"");
    TestClient::register_with(&home, "app", SECRET);
    home.append(
        "[[service_provider]]\nclient_id = \"spa\"\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"authorization_code\"]\nredirect_uris = [\"https://spa.example/cb\"]\nupstream_client_id = \"up-spa\"\n",
    );
    let server = Server::start(&home);
    let code = [("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "v")];
    for id in [
        &[][..],
        &[("client_id", "nobody")],
        &[("client_id", "app")],
        &[("client_id", "up-app")],
        &[("client_id", "up-spa")],
    ] {
        server.post(&[&code, id].concat()).error(401, "invalid_client");
    }
    let own = [("grant_type", "client_credentials"), ("client_id", "spa")];
    server.post(&own).error(401, "invalid_client");
    let at =
        |path: &str, fields: &[(&str, &str)]| server.http().send(crate::http::Request::form(server.url(path), fields));
    at("/introspect", &[("client_id", "spa"), ("token", "t")]).error(401, "invalid_client");
    let authorized = server.token_request(&[&code[..], &[("client_id", "spa")]].concat());
    let authorized = authorized.header("authorization", "Basic c3BhOng=");
    server.http().send(authorized).error(401, "invalid_client");
    assert!(upstream.received().is_empty(), "{:#?}", upstream.received());

    assert_eq!(server.post(&[&code[..], &[("client_id", "spa")]].concat()).status, 200);
    let received = upstream.only();
    assert_eq!(received.body, "grant_type=authorization_code&code=c&code_verifier=v&client_id=up-spa");
    assert_eq!(received.header("authorization"), Vec::<&str>::new());
    assert_eq!(at("/revoke", &[("client_id", "spa"), ("token", "t")]).status, 200);
}

#[test]
fn a_rejected_client_gets_our_answer_and_the_upstream_hears_nothing() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    in_front_of(&home, &upstream, "");
    let client = TestClient::register_with(&home, "app", SECRET);
    let stranger = TestClient::unregistered(&home, "stranger");
    let server = Server::start(&home);
    let good = || client.assertion().claim("aud", ISSUER);
    for wrong in [
        good().claim("aud", home.issuer()).sign(),
        good().claim("aud", "https://as.example.com/oauth2/revoke").sign(),
        good().claim("exp", 1).sign(),
        good().claim("jti", serde_json::Value::Null).sign(),
        stranger.assertion().claim("aud", ISSUER).sign(),
    ] {
        server.authenticate(&wrong).error(401, "invalid_client");
    }
    let assertion = good().sign();
    server.authenticate_with(&assertion, &[("client_id", "other")]).error(401, "invalid_client");
    server.authenticate_with(&assertion, &[("client_secret", "x")]).error(400, "invalid_request");
    let request = |path: &str| crate::http::Request::form(server.url(path), &crate::server::credential(&assertion));
    for path in
        ["/oauth2/token?client_id=up-other", "/oauth2/token?a;client%5Fid=x", "/oauth2/token?client_assertion=x"]
    {
        server.http().send(request(path)).error(400, "invalid_request");
    }
    server.http().send(request("/oauth2/token").header("authorization", "Bearer x")).error(400, "invalid_request");
    assert_eq!(server.get("/oauth2/token").status, 405);
    assert!(upstream.received().is_empty(), "{:#?}", upstream.received());
    assert_eq!(server.authenticate(&assertion).status, 200, "none of it used the assertion up");
    let by_endpoint = good().claim("aud", "https://as.example.com/oauth2/token").sign();
    assert_eq!(server.authenticate(&by_endpoint).status, 200);
}

#[test]
fn a_client_without_an_account_at_the_upstream_is_rejected_and_the_operator_learns_what_it_lacks() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    in_front_of(&home, &upstream, "");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let answer = server.authenticate(&client.assertion().claim("aud", ISSUER).sign());
    answer.error(400, "unauthorized_client");
    assert!(upstream.received().is_empty());
    server.logged("upstream_client_secret");
    let explained = home.dropins(&["explain", &answer.reference()]).succeeded();
    assert!(explained.stdout.contains("upstream_client_secret"), "{explained:?}");
    let checked = home.dropins(&["check"]);
    assert!(checked.stdout.contains("client `app` is rejected at the upstream https://as.example.com"), "{checked:?}");
}

#[test]
fn what_an_upstream_answers_comes_back_as_it_is_but_for_headers_of_the_connection() {
    let upstream = Upstream::with(|_| {
        let headers = "content-type: application/problem+json\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n\
                       connection: x-named\r\nx-named: 1\r\nkeep-alive: timeout=5\r\nx-else: é\r\n";
        Reply::Answer(418, headers, "{ \"odd\":  true }".to_owned())
    });
    let home = TestHome::new();
    let address = plain::enable(&home);
    in_front_of(&home, &upstream, "");
    let client = TestClient::register_with(&home, "app", SECRET);
    let _server = Server::start(&home);
    let answer = plain::send(address, &post("/oauth2/token", "", &body(&client)));
    assert_eq!(answer.status, 418);
    for line in [
        "content-type: application/problem+json",
        "set-cookie: a=1",
        "set-cookie: b=2",
        "x-else: é",
        "{ \"odd\":  true }",
    ] {
        assert!(answer.text.contains(line), "`{line}` in\n{}", answer.text);
    }
    assert!(!answer.text.contains("x-named") && !answer.text.contains("keep-alive"), "{}", answer.text);
}
