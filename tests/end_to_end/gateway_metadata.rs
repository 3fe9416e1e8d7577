//! The metadata of an upstream through the gateway, and what `check` says about an upstream.

use serde_json::json;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::Server;
use crate::upstream::{ISSUER, Reply, Upstream, in_front_of};

/// An upstream that says this about itself, with `URL` as its own address.
fn upstream(document: &serde_json::Value) -> Upstream {
    let text = document.to_string();
    Upstream::with(move |request| match request.line.contains("/.well-known/openid-configuration") {
        true => Reply::Answer(200, "content-type: application/json\r\n", text.clone()),
        false => Reply::Answer(404, "", String::new()),
    })
}

fn document() -> serde_json::Value {
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": format!("{ISSUER}/auth"),
        "jwks_uri": format!("{ISSUER}/jwks"),
        "token_endpoint": format!("{ISSUER}/oauth2/token"),
        "userinfo_endpoint": format!("{ISSUER}/me"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        "scopes_supported": ["openid"],
    })
}

#[test]
fn metadata_name_the_methods_that_are_taken_here_and_outlive_the_upstream() {
    let upstream = upstream(&document());
    let home = TestHome::new();
    in_front_of(&home, &upstream, "pass = [\"/auth\", \"/jwks\"]");
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/openid-configuration");
    assert_eq!(metadata.header("cache-control"), "public, max-age=60");
    let metadata = metadata.json();
    assert_eq!((&metadata["issuer"], &metadata["scopes_supported"]), (&ISSUER.into(), &json!(["openid"])));
    assert_eq!(metadata["token_endpoint"], format!("{ISSUER}/oauth2/token"));
    assert!(metadata.get("userinfo_endpoint").is_none(), "it leads nowhere here");
    let methods = json!(["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]);
    let mut taken = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().clone();
    taken.sort_by_key(ToString::to_string);
    assert_eq!(json!(taken), methods);
    assert!(metadata["token_endpoint_auth_signing_alg_values_supported"].as_array().unwrap().contains(&"ES256".into()));

    assert_eq!(server.get("/.well-known/oauth-authorization-server").status, 404, "the upstream has none there");
    server.get("/.well-known/openid-configuration");
    assert_eq!(upstream.received().len(), 2, "each document is asked for once");
    drop(upstream);
    assert_eq!(server.get("/.well-known/openid-configuration").json(), metadata);
}

#[test]
fn check_asks_the_upstream_and_says_what_does_not_fit() {
    let mut document = document();
    document["issuer"] = "https://other.example.com".into();
    document["token_endpoint"] = format!("{ISSUER}/token").into();
    document["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    let upstream = upstream(&document);
    let home = TestHome::new();
    in_front_of(&home, &upstream, "pass = [\"/auth\"]");
    let checked = home.dropins(&["check"]).succeeded();
    for part in [
        "calls itself `https://other.example.com`",
        "its token_endpoint is",
        "its token_endpoint takes",
        "its jwks_uri /jwks",
    ] {
        assert!(checked.stdout.contains(part), "`{part}` in\n{}", checked.stdout);
    }
    drop(upstream);
    let checked = home.dropins(&["check"]).succeeded();
    assert!(checked.stdout.contains("its metadata cannot be had: it cannot be reached"), "{}", checked.stdout);
}

#[test]
fn an_upstream_that_fits_is_checked_in_silence() {
    let upstream = upstream(&document());
    let home = TestHome::new();
    in_front_of(&home, &upstream, "pass = [\"/auth\", \"/jwks\", \"/me\"]");
    let checked = home.dropins(&["check"]).succeeded();
    assert!(!checked.stdout.contains("upstream"), "{}", checked.stdout);
}

#[test]
fn one_path_for_this_server_and_an_upstream_is_a_mistake_at_its_place() {
    let upstream = upstream(&document());
    let home = TestHome::new();
    in_front_of(&home, &upstream, "pass = [\"/oauth2/jwks\"]");
    home.dropins(&["check"]).succeeded();
    home.replace("[oauth]", "[oauth]\nenabled = true");
    let place = home.position("[[upstream]]");
    for part in ["/oauth2/token", "/oauth2/jwks", "/.well-known/openid-configuration"] {
        home.dropins(&["check"])
            .failed(&[&format!("deployment.toml:{place}"), &format!("`{part}` is a path of this server")]);
    }
}

#[test]
fn each_client_is_known_to_its_own_upstream_only() {
    let (first, second) = (Upstream::start(), Upstream::start());
    let home = TestHome::new();
    in_front_of(&home, &first, "");
    home.append(&format!(
        "[[upstream]]\nissuer = \"https://b.example.com/b\"\ntarget = \"{}\"\ntoken_endpoint = \"/b/token\"\n\
         credential = \"client_secret_post\"\n",
        second.url()
    ));
    let secret = "upstream_client_secret = \"theirs\"";
    let a = TestClient::register_with(&home, "a", &format!("{secret}\nupstream = \"{ISSUER}\""));
    let b = TestClient::register_with(&home, "b", &format!("{secret}\nupstream = \"https://b.example.com/b\""));
    let server = Server::start(&home);
    let at = |path: &str, client: &TestClient, issuer: &str| {
        let assertion = client.assertion().claim("aud", issuer).sign();
        server.http().send(crate::http::Request::form(server.url(path), &crate::server::credential(&assertion)))
    };
    assert_eq!(at("/oauth2/token", &a, ISSUER).status, 200);
    assert_eq!(at("/b/token", &b, "https://b.example.com/b").status, 200);
    at("/b/token", &a, "https://b.example.com/b").error(400, "unauthorized_client");
    at("/oauth2/token", &b, ISSUER).error(400, "unauthorized_client");
    at("/b/token", &b, ISSUER).error(401, "invalid_client");
    assert!(first.only().body.starts_with("grant_type") && second.only().body.contains("client_secret=theirs"));
    home.append("[[service_provider]]\nclient_id = \"undecided\"\nclient_secret = \"x\"\n");
    home.dropins(&["check"]).failed(&["does not say which upstream it uses"]);
}

#[test]
fn a_client_of_the_database_reaches_the_upstream_with_a_secret_that_is_shown_nowhere() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    in_front_of(&home, &upstream, "");
    let client = TestClient::unregistered(&home, "stored");
    let (jwks, secret) = (home.path("stored.jwks.json"), home.path("secret"));
    std::fs::write(&jwks, json!({ "keys": [client.key.public_jwk()] }).to_string()).unwrap();
    std::fs::write(&secret, "s3cret-of-the-upstream\n").unwrap();
    let (jwks, secret) = (jwks.to_str().unwrap(), secret.to_str().unwrap());
    let verb = ["client", "add", "stored", "--jwks", jwks];
    let added = home.dropins(&verb).succeeded();
    assert!(added.stdout.contains("upstream_client_secret"), "{added:?}");
    let verb =
        ["client", "update", "stored", "--upstream-client-id", "up-stored", "--upstream-client-secret-file", secret];
    let updated = home.dropins(&verb).succeeded();
    let shown = home.dropins(&["client", "show", "stored", "--json"]).succeeded();
    let document = shown.json();
    assert_eq!(
        (&document["upstream_client_id"], &document["has_upstream_client_secret"]),
        (&"up-stored".into(), &true.into())
    );
    let listed = home.dropins(&["client", "show", "stored"]).succeeded();
    for finished in [&updated, &shown, &listed] {
        assert!(!format!("{finished:?}").contains("s3cret-of-the-upstream"), "{finished:?}");
    }
    let server = Server::start(&home);
    assert_eq!(server.authenticate(&client.assertion().claim("aud", ISSUER).sign()).status, 200);
    let expected = crate::secrets::basic("up-stored", "s3cret-of-the-upstream");
    assert_eq!(upstream.only().header("authorization"), [expected]);
    let verb = ["client", "update", "stored", "--clear", "upstream-client-secret"];
    home.dropins(&verb).succeeded();
    server.authenticate(&client.assertion().claim("aud", ISSUER).sign()).error(400, "unauthorized_client");
    let (_, log) = server.end("TERM");
    assert!(!log.contains("s3cret-of-the-upstream"));
    let database = std::fs::read(home.path("repository/database/identity.db")).unwrap();
    assert!(!String::from_utf8_lossy(&database).contains("s3cret-of-the-upstream"));
}

#[test]
fn an_upstream_comes_and_goes_while_requests_are_served_and_own_endpoints_come_with_a_restart() {
    let upstream = Upstream::start();
    let home = TestHome::new();
    let own = TestClient::register(&home, "own");
    let server = Server::start(&home);
    server.authenticate(&own.mint()).token();
    let before = home.deployment();
    in_front_of(&home, &upstream, "");
    let client = TestClient::register_with(&home, "app", "upstream_client_secret = \"theirs\"");
    let with = home.deployment();
    home.dropins(&["reload"]).succeeded();
    assert_eq!(server.authenticate(&client.assertion().claim("aud", ISSUER).sign()).status, 200);
    assert_eq!(server.get("/oauth2/jwks").status, 404, "endpoints that are switched off are gone at once");
    home.write_deployment(&before);
    let reloaded = home.dropins(&["reload"]).succeeded();
    assert!(format!("{reloaded:?}").contains("[oauth]"), "{reloaded:?}");
    assert_eq!(server.get("/oauth2/jwks").status, 404);
    assert_eq!(upstream.received().len(), 1);
    assert_ne!(before, with);
    drop(server);
    let server = Server::start(&home);
    server.authenticate(&own.mint()).token();
}

#[test]
fn an_upstream_with_tls_is_believed_by_its_own_roots_only() {
    let behind = TestHome::new();
    behind.append(
        "[[service_provider]]\nclient_id = \"up-app\"\ntoken_endpoint_auth_method = \"client_secret_basic\"\n\
         client_secret = \"s3cret\"\nscope = \"orders\"\n",
    );
    let _behind = Server::start(&behind);
    let home = TestHome::new();
    std::fs::copy(behind.authority(), home.conf("upstream.pem")).unwrap();
    home.append(&format!(
        "[[upstream]]\nissuer = \"{0}\"\ntarget = \"{0}\"\ntoken_endpoint = \"/oauth2/token\"\nca_file = \"upstream.pem\"\n\
         pass = [\"/oauth2/jwks\", \"/oauth2/authorize\"]\n",
        behind.issuer()
    ));
    let lines = "upstream_client_id = \"up-app\"\nupstream_client_secret = \"s3cret\"";
    let client = TestClient::register_with(&home, "app", lines);
    let server = Server::start(&home);
    let assertion = || client.assertion().claim("aud", behind.issuer()).sign();
    let token = server.authenticate_with(&assertion(), &[("scope", "orders")]).token();
    assert_eq!(token["scope"], "orders");
    assert!(server.get("/oauth2/jwks").json()["keys"].is_array());
    home.replace("ca_file = \"upstream.pem\"\n", "");
    home.dropins(&["reload"]).succeeded();
    server.authenticate(&assertion()).error(502, "server_error");
}
