//! Metadata and keys: what is published is what is loaded.

use serde_json::{Value, json};

use crate::client::TestClient;
use crate::holder::{Holder, part, text};
use crate::home::TestHome;
use crate::server::Server;
use crate::wait::until;

const ALGORITHMS: [&str; 11] =
    ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"];

fn sorted(values: &Value) -> Vec<&str> {
    let mut values: Vec<_> = values.as_array().unwrap().iter().map(|value| value.as_str().unwrap()).collect();
    values.sort_unstable();
    values
}

#[test]
fn the_metadata_name_what_is_loaded() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/openid-configuration").json();
    assert_eq!(metadata, server.get("/.well-known/oauth-authorization-server").json());
    assert_eq!(metadata["issuer"], home.issuer());
    assert_eq!(metadata["token_endpoint"], home.token_endpoint());
    assert_eq!(metadata["jwks_uri"], format!("{}/oauth2/jwks", home.issuer()));
    let methods = &metadata["token_endpoint_auth_methods_supported"];
    assert_eq!(sorted(methods), ["client_secret_basic", "client_secret_post", "none", "private_key_jwt"]);
    let algorithms = &metadata["token_endpoint_auth_signing_alg_values_supported"];
    let mut all = ALGORITHMS;
    all.sort_unstable();
    assert_eq!(sorted(algorithms), all);
}

#[test]
fn what_the_metadata_list_is_there_and_nothing_else() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/openid-configuration").json();
    let own = |url: &Value| url.as_str().unwrap().strip_prefix(&home.issuer()).unwrap().to_owned();
    for (name, url) in metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint")) {
        assert_ne!(server.get(&own(url)).status, 404, "{name}");
    }
    let posts = ["token", "revocation", "introspection", "pushed_authorization_request"];
    for name in posts.map(|name| format!("{name}_endpoint")) {
        let answer = app.post(&server, &own(&metadata[&name]), &[("token", "x"), ("grant_type", "client_credentials")]);
        assert_ne!(answer.status, 401, "{name}: the client is authenticated");
    }
    let ask = |grant: &str| app.post(&server, "/oauth2/token", &[("grant_type", grant)]).json()["error"].clone();
    for grant in sorted(&metadata["grant_types_supported"]) {
        assert_ne!(ask(grant), "unsupported_grant_type", "{grant}");
    }
    for grant in ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"] {
        assert_eq!(ask(grant), "unsupported_grant_type", "{grant}");
    }
    for name in ["revocation", "introspection", "token"] {
        let methods = &metadata[format!("{name}_endpoint_auth_methods_supported")];
        assert!(sorted(methods).contains(&"private_key_jwt"), "{name}: {methods}");
        let algorithms = &metadata[format!("{name}_endpoint_auth_signing_alg_values_supported")];
        assert!(sorted(algorithms).contains(&"ES256"), "{name}: {algorithms}");
    }
    assert_eq!(metadata["response_types_supported"], json!(["code"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
    let tokens = app.tokens(&server);
    let (id_token, access_token) = (text(&tokens, "id_token"), text(&tokens, "access_token"));
    assert_eq!(metadata["id_token_signing_alg_values_supported"], json!([part(id_token, 0)["alg"]]));
    let claims = sorted(&metadata["claims_supported"]);
    for claim in part(id_token, 1).as_object().unwrap().keys() {
        assert!(claims.contains(&claim.as_str()), "{claim}");
    }
    assert!(
        part(access_token, 1)["scope"]
            .as_str()
            .unwrap()
            .split(' ')
            .all(|scope| { sorted(&metadata["scopes_supported"]).contains(&scope) })
    );
}

#[test]
fn a_rotated_key_is_published_before_it_signs_and_the_old_one_goes_on_to_be_believed() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    let kid = |tokens: &Value| part(text(tokens, "access_token"), 0)["kid"].as_str().unwrap().to_owned();
    let published = || {
        let jwks = server.get("/oauth2/jwks").json();
        let keys = jwks["keys"].as_array().unwrap();
        keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let old = kid(&tokens);
    assert_eq!(published(), [old.as_str()]);

    let next = home.dropins(&["keys", "rotate", "--json"]).json()["kid"].as_str().unwrap().to_owned();
    until("the next key is published", || (published() == [old.as_str(), &next]).then_some(()));
    assert_eq!(kid(&app.tokens(&server)), old, "it does not sign yet");

    let at_once =
        home.dropins(&["keys", "rotate", "--overlap", "0", "--json"]).json()["kid"].as_str().unwrap().to_owned();
    until("the newest key signs", || (kid(&app.tokens(&server)) == at_once).then_some(()));
    assert_eq!(published(), [at_once.as_str(), &next, &old]);
    assert!(app.is_active(&server, text(&tokens, "access_token")), "what the old key signed is still believed");
    home.dropins(&["check"]).succeeded();
    drop(server);
    assert_eq!(kid(&app.tokens(&Server::start(&home))), at_once);
}

#[test]
fn the_metadata_follow_the_configuration() {
    let home = TestHome::new();
    home.replace("order = 900\nenable = true", "order = 900\nenable = false");
    home.replace("EnableCacheForJTI = true", "AllowedAlgorithms = [\"PS256\", \"ES256\"]");
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], json!(["private_key_jwt", "none"]));
    assert_eq!(sorted(&metadata["token_endpoint_auth_signing_alg_values_supported"]), ["ES256", "PS256"]);
    let secret = [("grant_type", "client_credentials"), ("client_id", "a"), ("client_secret", "b")];
    server.post(&secret).error(401, "invalid_client");
}

#[test]
fn a_configured_issuer_is_the_issuer_everywhere() {
    let home = TestHome::new();
    home.append("[oauth.oidc.id_token]\nissuer = \"https://is.example.com/oauth2/token\"");
    let client = TestClient::register(&home, "app");
    let server = Server::start(&home);
    let issuer = "https://is.example.com/oauth2/token";
    assert_eq!(server.get("/.well-known/openid-configuration").json()["issuer"], issuer);
    server.authenticate(&client.assertion().claim("aud", issuer).sign()).token();
    server.authenticate(&client.assertion().claim("aud", home.token_endpoint()).sign()).token();
    server.authenticate(&client.mint()).error(401, "invalid_client");
}

#[test]
fn the_server_publishes_its_public_key_and_keeps_it_over_a_restart() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let jwks = server.get("/oauth2/jwks").json();
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&"EC".into(), &"P-256".into(), &"sig".into()));
    assert!(key.get("d").is_none(), "the private member is published");
    drop(server);
    assert_eq!(Server::start(&home).get("/oauth2/jwks").json(), jwks);
}

#[test]
fn a_host_header_changes_nothing() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let url = server.url("/.well-known/openid-configuration");
    let request = crate::http::Request::new(reqwest::Method::GET, url).header("host", "evil.example");
    let request = request.header("x-forwarded-host", "evil.example");
    assert_eq!(server.http().send(request).json()["issuer"], home.issuer());
}
