//! The algorithms of tokens, each verified with what the server publishes: ID tokens as the client registered them,
//! access tokens as they are configured.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_host::services::PublicKey as _;
use dropins_keys::{KeyInput, KeySet};
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::holder::{Holder, part, text};
use crate::home::TestHome;
use crate::http::Request;
use crate::server::Server;
use crate::wait::until;

/// The `kid` of a token that the published key of this algorithm verifies.
#[track_caller]
pub(crate) fn verified(server: &Server, token: &str, algorithm: &str) -> String {
    let header = part(token, 0);
    assert_eq!(header["alg"], algorithm);
    let jwks = server.get("/oauth2/jwks").json();
    let published = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]);
    let published = published.unwrap_or_else(|| panic!("the key of {header} is not in {jwks}"));
    assert_eq!((&published["alg"], &published["use"]), (&algorithm.into(), &"sig".into()));
    let set = json!({ "keys": [published] }).to_string();
    let (set, _) = KeySet::read(&[KeyInput::Jwks { name: None, text: set.as_bytes() }], 0);
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    assert_eq!(set.keys()[0].verify(algorithm, input.as_bytes(), &signature), Ok(true));
    header["kid"].as_str().unwrap().to_owned()
}

/// The `kid`s of the published keys of an algorithm.
pub(crate) fn published(server: &Server, algorithm: &str) -> Vec<String> {
    let jwks = server.get("/oauth2/jwks").json();
    let keys = jwks["keys"].as_array().unwrap().iter().filter(|key| key["alg"] == algorithm);
    keys.map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

/// The file of the RS256 key.
fn rs256_key(home: &TestHome) -> std::path::PathBuf {
    home.path("repository/resources/security/token-signing-key-rs256.pem")
}

#[test]
fn an_id_token_is_rs256_unless_its_client_registered_es256() {
    let home = TestHome::new();
    let default = Holder::register(&home, "default");
    let chosen = Holder::register(&home, "chosen");
    home.append("id_token_signed_response_alg = \"ES256\"");
    let server = Server::start(&home);
    for (holder, algorithm) in [(&default, "RS256"), (&chosen, "ES256")] {
        let tokens = holder.tokens(&server);
        verified(&server, text(&tokens, "id_token"), algorithm);
        verified(&server, text(&tokens, "access_token"), "ES256");
        assert!(part(text(&tokens, "id_token"), 1)["at_hash"].is_string());
        let refreshed = holder.refresh(&server, text(&tokens, "refresh_token")).token();
        verified(&server, text(&refreshed, "id_token"), algorithm);
    }
    let supported = &server.get("/.well-known/openid-configuration").json()["id_token_signing_alg_values_supported"];
    assert_eq!(*supported, json!(["RS256", "ES256"]));
}

#[test]
fn the_algorithm_of_id_tokens_is_registered_over_http_and_on_the_command_line() {
    let home = TestHome::new();
    home.replace("allow_id_token = false", "allow_id_token = true");
    home.append("[oauth.dcr]\ninitial_access_token = \"register\"\n");
    let server = Server::start(&home);
    let id_token = |client: &TestClient| {
        let answer = server.authenticate_with(&client.mint(), &[("scope", "openid")]).token();
        text(&answer, "id_token").to_owned()
    };

    let client = TestClient::unregistered(&home, "by http");
    let jwks = json!({ "keys": [client.key.public_jwk()] });
    let register = |algorithm: &str| {
        let metadata = json!({ "jwks": jwks, "scope": "openid", "id_token_signed_response_alg": algorithm });
        let request = Request::new(reqwest::Method::POST, server.url("/oauth2/register"));
        let request = request.header("authorization", "Bearer register").header("content-type", "application/json");
        server.http().send(request.body(metadata.to_string()))
    };
    assert!(register("none").error(400, "invalid_client_metadata").contains("id_token_signed_response_alg"));
    let registered: Value = register("ES256").json();
    assert_eq!(registered["id_token_signed_response_alg"], "ES256");
    let client = TestClient::with_key(&home, registered["client_id"].as_str().unwrap(), client.key);
    verified(&server, &id_token(&client), "ES256");

    let option = "--id-token-signed-response-alg";
    let client = TestClient::unregistered(&home, "by-hand");
    let file = home.path("by-hand.jwks.json");
    std::fs::write(&file, json!({ "keys": [client.key.public_jwk()] }).to_string()).unwrap();
    let add = ["client", "add", "by-hand", "--jwks", file.to_str().unwrap(), "--scope", "openid", option];
    let refused = home.dropins(&[&add[..], &["PS256"]].concat());
    assert_eq!((refused.code, refused.stderr.contains("choose one of RS256, ES256")), (Some(2), true), "{refused:?}");
    home.dropins(&[&add[..], &["ES256"]].concat()).succeeded();
    verified(&server, &id_token(&client), "ES256");
    let shown = home.dropins(&["client", "show", "by-hand", "--json"]).succeeded().json();
    assert_eq!(shown["id_token_signed_response_alg"], "ES256");
    home.dropins(&["client", "update", "by-hand", option, "RS256"]).succeeded();
    until("the change is seen", || (part(&id_token(&client), 0)["alg"] == "RS256").then_some(()));
    verified(&server, &id_token(&client), "RS256");
}

#[test]
fn access_tokens_are_signed_as_configured_and_believed_whatever_is_configured_now() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let first = app.tokens(&server);
    let first = text(&first, "access_token");
    verified(&server, first, "ES256");

    home.replace("access_token_signing_alg = \"ES256\"", "access_token_signing_alg = \"RS256\"");
    home.dropins(&["reload"]).succeeded();
    let second = app.tokens(&server);
    let second = text(&second, "access_token");
    verified(&server, second, "RS256");
    for token in [first, second] {
        assert!(app.is_active(&server, token));
        assert_eq!(app.post(&server, "/oauth2/revoke", &[("token", token)]).status, 200);
        assert!(!app.is_active(&server, token));
    }

    // The claims of one under the header of the other, whose key did not sign them.
    let (third, fourth) = (app.tokens(&server), app.tokens(&server));
    let (third, fourth) = (text(&third, "access_token"), text(&fourth, "access_token"));
    let (header, _) = first.split_once('.').unwrap();
    let (_, rest) = third.split_once('.').unwrap();
    assert!(!app.is_active(&server, &format!("{header}.{rest}")));
    assert!(app.is_active(&server, third) && app.is_active(&server, fourth));
}

#[test]
fn a_home_without_its_rs256_key_is_rejected_and_gets_no_other() {
    let home = TestHome::new();
    std::fs::remove_file(rs256_key(&home)).unwrap();
    home.dropins(&["check"]).failed(&["there is no token-signing key", "token-signing-key-rs256.pem"]);
    home.dropins(&["serve"]).failed(&["there is no token-signing key", "token-signing-key-rs256.pem"]);
    assert!(!rs256_key(&home).exists());
}

#[test]
fn nodes_on_one_home_sign_with_one_key_and_know_it_at_once() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let one = Server::start(&home);
    let two = Server::start(&home.moved());
    assert_eq!(published(&one, "RS256"), published(&two, "RS256"));
    verified(&two, text(&app.tokens(&one), "id_token"), "RS256");
}
