//! Metadata and keys: what is published is what is loaded.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::holder::{Holder, part, text};
use crate::home::TestHome;
use crate::server::Server;
use crate::token_algorithms::{published, verified};
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
    assert_eq!(metadata["id_token_signing_alg_values_supported"][0], part(id_token, 0)["alg"]);
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

/// Runs `keys rotate`; the algorithms and the `kid`s of the new keys.
fn rotate(home: &TestHome, further: &[&str]) -> Vec<(String, String)> {
    let rotated = home.dropins(&[&["keys", "rotate", "--json"], further].concat()).succeeded().json();
    let keys = rotated["keys"].as_array().unwrap().iter();
    keys.map(|key| (text(key, "alg").to_owned(), text(key, "kid").to_owned())).collect()
}

#[test]
fn a_rotated_key_is_published_before_it_signs_and_the_old_one_goes_on_to_be_believed() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    let kids = |tokens: &Value| {
        let kid = |name, algorithm| verified(&server, text(tokens, name), algorithm);
        [kid("id_token", "RS256"), kid("access_token", "ES256")]
    };
    let keys = || ["RS256", "ES256"].map(|algorithm| published(&server, algorithm));
    let old = kids(&tokens);
    assert_eq!(keys(), old.clone().map(|kid| vec![kid]));

    let next = rotate(&home, &[]);
    assert_eq!(next.iter().map(|(algorithm, _)| algorithm.as_str()).collect::<Vec<_>>(), ["RS256", "ES256"]);
    let next = [0, 1].map(|index: usize| next[index].1.clone());
    let both = [0, 1].map(|index| vec![old[index].clone(), next[index].clone()]);
    until("the next keys are published", || (keys() == both).then_some(()));
    assert_eq!(kids(&app.tokens(&server)), old, "they do not sign yet");

    for (index, algorithm) in ["RS256", "ES256"].into_iter().enumerate() {
        let before = kids(&app.tokens(&server));
        let at_once = rotate(&home, &["--overlap", "0", "--algorithm", algorithm]);
        let [(rotated, at_once)] = at_once.try_into().unwrap();
        assert_eq!(rotated, algorithm);
        let now = || kids(&app.tokens(&server));
        until("the newest key signs", || (now()[index] == at_once).then_some(()));
        assert_eq!(now()[1 - index], before[1 - index], "the other algorithm keeps its key");
        assert_eq!(published(&server, algorithm), [&at_once, &next[index], &old[index]].map(Clone::clone));
    }
    assert!(app.is_active(&server, text(&tokens, "access_token")), "what the old key signed is still believed");
    verified(&server, text(&tokens, "id_token"), "RS256");
    home.dropins(&["keys", "rotate", "--overlap", "5m"]).failed(&["too short"]);
    home.dropins(&["check"]).succeeded();
    let last = kids(&app.tokens(&server));
    drop(server);
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    let signed = ["id_token", "access_token"].map(|name| part(text(&tokens, name), 0)["kid"].clone());
    assert_eq!(signed, last.map(Value::from));
}

#[test]
fn what_is_published_may_be_kept_for_a_shorter_time_than_a_new_key_waits() {
    let home = TestHome::new();
    let server = Server::start(&home);
    for path in ["/oauth2/jwks", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.header("cache-control")), (200, "public, max-age=300"), "{path}");
        assert_eq!(answer.header("pragma"), "", "{path}");
    }
    let shortest = ["keys", "rotate", "--overlap", "299s"];
    home.dropins(&shortest).failed(&["too short"]);
    let answer = server.post(&[("grant_type", "client_credentials")]);
    assert_eq!(answer.header("cache-control"), "no-store");
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
fn the_server_publishes_its_public_keys_and_keeps_them_over_a_restart() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let jwks = server.get("/oauth2/jwks").json();
    let keys = jwks["keys"].as_array().unwrap();
    let shown: Vec<_> = keys.iter().map(|key| ["kty", "crv", "alg", "use"].map(|member| key[member].clone())).collect();
    let rsa = ["RSA".into(), Value::Null, "RS256".into(), "sig".into()];
    assert_eq!(shown, [rsa, ["EC", "P-256", "ES256", "sig"].map(Value::from)]);
    let modulus = BASE64_URL_SAFE_NO_PAD.decode(text(&keys[0], "n")).unwrap();
    assert_eq!(modulus.len() * 8, 2048);
    for private in ["d", "p", "q", "dp", "dq", "qi"] {
        assert!(keys.iter().all(|key| key.get(private).is_none()), "the private member {private} is published");
    }
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
