//! `/oauth2/register`: clients that register and manage themselves (RFC 7591 and RFC 7592).

use dropins_keys::{KeyFamily, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::key_host::{KeyAnswer, KeyHost, allow};
use crate::server::Server;

const TOKEN: &str = "initial-access-token";

/// A server at which the holder of [`TOKEN`] can register.
fn server(home: &TestHome) -> Server {
    home.append(&format!("[oauth.dcr]\ninitial_access_token = \"{TOKEN}\"\n"));
    Server::start(home)
}

fn send(server: &Server, method: Method, url: &str, token: Option<&str>, body: Option<&Value>) -> Answer {
    let mut request = Request::new(method, url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    server.http().send(request)
}

fn register(server: &Server, token: Option<&str>, metadata: &Value) -> Answer {
    send(server, Method::POST, &server.url("/oauth2/register"), token, Some(metadata))
}

/// The client manages itself, at the URL and with the token that it was issued.
fn manage(server: &Server, registered: &Value, method: Method, metadata: Option<&Value>) -> Answer {
    let url = registered["registration_client_uri"].as_str().unwrap();
    send(server, method, url, registered["registration_access_token"].as_str(), metadata)
}

fn registered(answer: &Answer) -> Value {
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

fn jwks(key: &SigningKey) -> Value {
    json!({ "keys": [key.public_jwk()] })
}

/// The registered client with this key.
fn client(home: &TestHome, registered: &Value, key: SigningKey) -> TestClient {
    TestClient::with_key(home, registered["client_id"].as_str().unwrap(), key)
}

fn key() -> SigningKey {
    SigningKey::generate(KeyFamily::P256).unwrap()
}

#[test]
fn a_client_registers_with_the_initial_access_token_only_and_then_authenticates() {
    let home = TestHome::new();
    let server = server(&home);
    let key = key();
    let metadata = json!({
        "client_name": "An app", "jwks": jwks(&key), "token_endpoint_auth_method": "private_key_jwt",
        "grant_types": ["client_credentials"], "scope": "read write",
    });
    let answer = register(&server, None, &metadata);
    answer.error(401, "invalid_token");
    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    register(&server, Some("wrong"), &metadata).error(401, "invalid_token");

    let registered = registered(&register(&server, Some(TOKEN), &metadata));
    for member in metadata.as_object().unwrap().keys() {
        assert_eq!(registered[member], metadata[member], "{member}");
    }
    let client = client(&home, &registered, key);
    let token = server.authenticate_with(&client.mint(), &[("scope", "read admin")]).token();
    assert_eq!(token["scope"], "read");
    let listed = home.dropins(&["client", "list", "--json"]).succeeded().json();
    assert_eq!((&listed[0]["client_id"], &listed[0]["origin"]), (&registered["client_id"], &"database".into()));
}

#[test]
fn a_client_without_keys_gets_a_secret_and_a_client_with_a_url_is_asked_for_its_keys() {
    let home = TestHome::new();
    allow(&home);
    let server = server(&home);
    let by_secret = registered(&register(&server, Some(TOKEN), &json!({ "client_name": "by secret" })));
    let text = |member: &str| by_secret[member].as_str().unwrap();
    assert_eq!(text("token_endpoint_auth_method"), "client_secret_basic");
    let request = server.token_request(&[("grant_type", "client_credentials")]);
    let basic = crate::secrets::basic(text("client_id"), text("client_secret"));
    server.http().send(request.header("authorization", basic)).token();

    let key = key();
    let host = KeyHost::start(KeyAnswer::keys(&[&key]));
    let by_url = registered(&register(&server, Some(TOKEN), &json!({ "jwks_uri": host.url() })));
    server.authenticate(&client(&home, &by_url, key).mint()).token();
    assert_eq!(host.requests(), 1);
}

#[test]
fn what_cannot_be_registered_is_named() {
    let home = TestHome::new();
    let server = server(&home);
    let (metadata, redirect) = ("invalid_client_metadata", "invalid_redirect_uri");
    for (request, error, field) in [
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), metadata, "token_endpoint_auth_method"),
        (json!({ "token_endpoint_auth_method": "none" }), metadata, "grant_types"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), metadata, "jwks"),
        (json!({ "jwks": { "keys": [{ "kty": "oct", "k": "AAAA" }] } }), metadata, "jwks"),
        (json!({ "jwks_uri": "http://127.0.0.1/keys" }), metadata, "jwks_uri"),
        (json!({ "jwks_uri": "https://169.254.169.254/keys" }), metadata, "jwks_uri"),
        (json!({ "jwks": jwks(&key()), "jwks_uri": "https://app.example/keys" }), metadata, "jwks_uri"),
        (json!({ "token_endpoint_auth_signing_alg": "none" }), metadata, "token_endpoint_auth_signing_alg"),
        (json!({ "grant_types": ["password"] }), metadata, "grant_types"),
        (json!({ "client_name": 7 }), metadata, "client_name"),
        (json!({ "scope": ["read"] }), metadata, "scope"),
        (json!({ "redirect_uris": ["http://app.example/cb"] }), redirect, "redirect_uris"),
        (json!({ "redirect_uris": ["https://app.example/#cb"] }), redirect, "redirect_uris"),
        (json!({ "software_statement": "e30.e30." }), "invalid_software_statement", "software_statement"),
    ] {
        let description = register(&server, Some(TOKEN), &request).error(400, error);
        assert!(description.contains(field), "{request}: {description}");
    }
    assert_eq!(home.dropins(&["client", "list", "--json"]).succeeded().json(), json!([]));
}

#[test]
fn a_client_reads_replaces_and_deletes_itself_and_no_other_client() {
    let home = TestHome::new();
    let server = server(&home);
    let (old, new) = (key(), key());
    let one = registered(&register(&server, Some(TOKEN), &json!({ "jwks": jwks(&old) })));
    let other = registered(&register(&server, Some(TOKEN), &json!({ "jwks": jwks(&key()) })));
    let url = one["registration_client_uri"].as_str().unwrap();
    for token in [None, Some(TOKEN), other["registration_access_token"].as_str()] {
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            send(&server, method, url, token, Some(&json!({}))).error(401, "invalid_token");
        }
    }
    let read = manage(&server, &one, Method::GET, None);
    assert_eq!((read.status, read.json()), (200, one.clone()));

    let update = json!({ "client_id": one["client_id"], "jwks": jwks(&new), "client_name": "changed" });
    let replaced = manage(&server, &one, Method::PUT, Some(&update));
    assert_eq!((replaced.status, &replaced.json()["client_name"]), (200, &"changed".into()), "{replaced:?}");
    let (old, new) = (client(&home, &one, old), client(&home, &one, new));
    server.authenticate(&old.mint()).error(401, "invalid_client");
    server.authenticate(&new.mint()).token();
    let wrong = json!({ "client_id": "another", "jwks": jwks(&new.key) });
    let description = manage(&server, &one, Method::PUT, Some(&wrong)).error(400, "invalid_client_metadata");
    assert!(description.contains("client_id"), "{description}");

    assert_eq!(manage(&server, &one, Method::DELETE, None).status, 204);
    server.authenticate(&new.mint()).error(401, "invalid_client");
    manage(&server, &one, Method::GET, None).error(401, "invalid_token");
    assert_eq!(manage(&server, &other, Method::GET, None).status, 200);
}

#[test]
fn without_a_token_in_the_configuration_no_client_registers() {
    let home = TestHome::new();
    let server = Server::start(&home);
    for token in [None, Some(TOKEN), Some("")] {
        register(&server, token, &json!({})).error(401, "invalid_token");
    }
    let metadata = server.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata.get("registration_endpoint"), None, "{metadata}");
}
