//! Registration over the router of a whole server, with the embedded plug-ins.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use dropins_keys::{KeyFamily, SigningKey};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::app::App;
use dropins_config::LoadedHome;
use dropins_live::testing::home;
use dropins_live::{Compiled, Live, Resources, Snapshot};
use dropins_oauth::tokens::SigningKeys;

const TOKEN: &str = "let-me-register";

struct Server {
    app: Arc<App>,
    router: Router,
    _home: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    challenge: Option<String>,
    body: Value,
}

impl Server {
    async fn new(configuration: &str) -> Self {
        let (folder, home) = home(configuration);
        let started = LoadedHome::read(&home, &[]).unwrap_or_else(|error| panic!("{error}"));
        let (parts, replay) = Resources::open(&started).await.unwrap();
        let live = Live::build(Compiled::of(Snapshot::of(started), parts.clone(), Vec::new()).await, 1).await;
        let live = live.unwrap_or_else(|error| panic!("{error}"));
        let app = Arc::new(App::new(live, &parts, replay, SigningKeys::open(&home).unwrap()));
        Self { router: crate::http::public(&app), app, _home: folder }
    }

    async fn with_token() -> Self {
        Self::new(&format!("[oauth.dcr]\ninitial_access_token = \"{TOKEN}\"\n")).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response: Response = self.router.clone().oneshot(request).await.unwrap();
        let headers = response.headers();
        if response.status() != StatusCode::NOT_FOUND {
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        }
        let challenge = headers.get(header::WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        Answer { status, challenge, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    async fn register(&self, metadata: &Value) -> Answer {
        self.call("POST", "/oauth2/register", Some(TOKEN), metadata.to_string()).await
    }

    async fn client(&self, method: &str, registered: &Value, metadata: &Value) -> Answer {
        let uri = registered["registration_client_uri"].as_str().unwrap();
        let path = uri.strip_prefix("https://localhost:9443").unwrap();
        let body = if metadata.is_null() { String::new() } else { metadata.to_string() };
        self.call(method, path, registered["registration_access_token"].as_str(), body).await
    }

    /// The answer of the token endpoint to an assertion of this client.
    async fn token(&self, client_id: &str, key: &SigningKey, scope: &str) -> Answer {
        let now = self.app.oauth().unwrap().registration.authentication.clock.now_seconds();
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": "https://localhost:9443", "iat": now, "exp": now + 60,
            "jti": dropins_protocol::reference(),
        });
        let assertion = key.compact_jws(&json!({ "alg": "ES256" }), &claims).unwrap();
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("grant_type", "client_credentials"), ("scope", scope)])
            .extend_pairs([("client_assertion_type", kind), ("client_assertion", &assertion)])
            .finish();
        let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(form.into()).unwrap()).await
    }
}

fn jwks(key: &SigningKey) -> Value {
    json!({ "keys": [key.public_jwk()] })
}

fn key() -> SigningKey {
    SigningKey::generate(KeyFamily::P256).unwrap()
}

#[tokio::test]
async fn a_registered_client_authenticates_changes_its_keys_and_leaves() {
    let server = Server::with_token().await;
    let (old, new) = (key(), key());
    let metadata = json!({
        "client_name": "A client",
        "jwks": jwks(&old),
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "token_endpoint_allow_reuse_pvt_key_jwt": false,
        "id_token_signed_response_alg": "ES256",
        "grant_types": ["client_credentials"],
        "scope": "read write",
        "policy_uri": "https://c.example/ignored",
    });
    let created = server.register(&metadata).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    let algorithms = ["token_endpoint_auth_signing_alg", "id_token_signed_response_alg"];
    for member in ["client_name", "jwks", "grant_types", "scope"].into_iter().chain(algorithms) {
        assert_eq!(created.body[member], metadata[member], "{member}");
    }
    assert!(created.body["client_id_issued_at"].is_u64() && created.body.get("client_secret").is_none());
    assert!(created.body.get("policy_uri").is_none());
    let client_id = created.body["client_id"].as_str().unwrap().to_owned();

    let token = server.token(&client_id, &old, "read").await;
    assert_eq!((token.status, token.body["scope"].as_str()), (StatusCode::OK, Some("read")), "{}", token.body);
    server.app.oauth().unwrap().registration.authentication.published.ledger().flush(false).await.unwrap();
    let uses = server.app.oauth().unwrap().registration.stored.store().uses(&client_id).await.unwrap();
    assert_eq!((uses.len(), uses[0].thumbprint.clone()), (1, old.thumbprint()));
    assert!(uses[0].last_used.is_some());

    let read = server.client("GET", &created.body, &Value::Null).await;
    assert_eq!((read.status, &read.body), (StatusCode::OK, &created.body));

    let mut update = metadata.clone();
    update["jwks"] = jwks(&new);
    update["client_id"] = json!(client_id);
    update["id_token_signed_response_alg"] = json!(null);
    let updated = server.client("PUT", &created.body, &update).await;
    assert_eq!(updated.body.get("id_token_signed_response_alg"), None, "the default of the standard again");
    assert_eq!((updated.status, &updated.body["jwks"]), (StatusCode::OK, &update["jwks"]), "{}", updated.body);
    assert_eq!(
        server.token(&client_id, &old, "").await.status,
        StatusCode::UNAUTHORIZED,
        "the old key is gone at once"
    );
    assert_eq!(server.token(&client_id, &new, "").await.status, StatusCode::OK);

    let (grants, hour) = (&server.app.oauth().unwrap().clients.grants, Duration::from_secs(3600));
    let family = grants.family_of_client(&client_id, &[], hour).unwrap();
    let refresh_token = grants.start_family(&family, hour, None).await.unwrap();
    assert!(grants.active_refresh_token(&refresh_token).await.unwrap().is_some());
    assert_eq!(server.client("DELETE", &created.body, &Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(server.token(&client_id, &new, "").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(grants.active_refresh_token(&refresh_token).await.unwrap(), None, "it ends with its client");
    let gone = server.client("GET", &created.body, &Value::Null).await;
    assert_eq!((gone.status, gone.body["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("invalid_token")));
}

#[tokio::test]
async fn metadata_that_cannot_be_served_is_rejected_with_the_name_of_its_member() {
    let server = Server::with_token().await;
    let (ec, private) = (key(), json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] }));
    let metadata = "invalid_client_metadata";
    let cases = [
        (json!({ "token_endpoint_auth_method": "tls_client_auth" }), metadata, "client_secret_post, none"),
        (json!({ "token_endpoint_auth_method": "none" }), metadata, "grant_types"),
        (public(json!({ "grant_types": ["authorization_code", "client_credentials"] })), metadata, "grant_types"),
        (public(json!({ "token_endpoint_auth_signing_alg": "ES256" })), metadata, "signing_alg: a client"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), metadata, "jwks"),
        (json!({ "jwks": jwks(&ec), "jwks_uri": "https://c.example/jwks" }), metadata, "jwks_uri"),
        (json!({ "jwks_uri": "http://c.example/jwks" }), metadata, "jwks_uri"),
        (json!({ "jwks": private }), metadata, "keys[0]"),
        (json!({ "jwks": "{}" }), metadata, "jwks"),
        (json!({ "jwks": jwks(&ec), "token_endpoint_auth_signing_alg": "HS256" }), metadata, "signing_alg"),
        (json!({ "jwks": jwks(&ec), "token_endpoint_auth_signing_alg": "RS256" }), metadata, "signing_alg"),
        (json!({ "id_token_signed_response_alg": "none" }), metadata, "id_token_signed_response_alg: `none`"),
        (json!({ "id_token_signed_response_alg": "PS256" }), metadata, "choose one of: RS256, ES256"),
        (json!({ "id_token_signed_response_alg": 256 }), metadata, "id_token_signed_response_alg: it must be"),
        (json!({ "grant_types": ["password"] }), metadata, "grant_types"),
        (json!({ "grant_types": "client_credentials" }), metadata, "grant_types: it must be an array of strings"),
        (json!({ "response_types": ["token"] }), metadata, "response_types"),
        (json!({ "response_types": ["code"] }), metadata, "response_types"),
        (json!({ "client_name": 5 }), metadata, "client_name"),
        (json!({ "scope": ["a"] }), metadata, "scope"),
        (json!({ "token_endpoint_allow_reuse_pvt_key_jwt": true }), metadata, "allow_reuse"),
        (json!({ "redirect_uris": ["http://c.example/cb"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "redirect_uris": ["https://c.example/#x"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "grant_types": ["authorization_code"] }), "invalid_redirect_uri", "redirect_uris"),
        (json!({ "software_statement": "e30.e30." }), "invalid_software_statement", "software_statement"),
    ];
    for (request, error, part) in cases {
        let answer = server.register(&request).await;
        let description = answer.body["error_description"].as_str().unwrap_or_default();
        assert_eq!((answer.status, answer.body["error"].as_str()), (StatusCode::BAD_REQUEST, Some(error)), "{request}");
        assert!(description.contains(part), "{request}: {description}");
    }
    assert_eq!(server.app.oauth().unwrap().registration.stored.store().count().await.unwrap(), 0);
}

/// The metadata of a client without a credential, with more of it.
fn public(further: Value) -> Value {
    let mut metadata =
        json!({ "token_endpoint_auth_method": "none", "redirect_uris": ["https://c.example/cb"], "grant_types": null });
    metadata.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    metadata
}

#[tokio::test]
async fn a_client_without_a_credential_is_registered_for_users_only_and_given_no_secret() {
    let server = Server::with_token().await;
    let created = server.register(&public(json!({ "grant_types": ["authorization_code", "refresh_token"] }))).await;
    assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    assert_eq!(created.body["token_endpoint_auth_method"], "none");
    assert!(created.body.get("client_secret").is_none());
    let form =
        format!("grant_type=authorization_code&code=x&client_id={}", created.body["client_id"].as_str().unwrap());
    let request = Request::post("/oauth2/token").header("content-type", "application/x-www-form-urlencoded");
    let answer = server.send(request.body(form.into()).unwrap()).await;
    assert_eq!(answer.body["error"], "invalid_grant", "the client is known, its code is not");
    let mut update = public(json!({ "client_id": created.body["client_id"], "grant_types": ["client_credentials"] }));
    assert_eq!(server.client("PUT", &created.body, &update).await.status, StatusCode::BAD_REQUEST);
    update["token_endpoint_auth_method"] = json!("client_secret_basic");
    assert_eq!(server.client("PUT", &created.body, &update).await.status, StatusCode::BAD_REQUEST, "a further grant");
    update["grant_types"] = json!(["authorization_code"]);
    let updated = server.client("PUT", &created.body, &update).await;
    assert!(updated.body["client_secret"].is_string(), "with a credential it has a secret: {}", updated.body);
}

#[tokio::test]
async fn a_client_without_a_credential_may_register_keys() {
    let server = Server::with_token().await;
    for keys in [json!({ "jwks": jwks(&key()) }), json!({ "jwks_uri": "https://c.example/jwks" })] {
        let created = server.register(&public(keys)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{}", created.body);
    }
}

#[tokio::test]
async fn only_the_initial_access_token_lifts_replay_protection_and_gives_further_grants() {
    let server = Server::with_token().await;
    let keys = json!({ "jwks": jwks(&key()), "token_endpoint_allow_reuse_pvt_key_jwt": true });
    let lifted = server.register(&keys).await;
    assert_eq!(lifted.body["token_endpoint_allow_reuse_pvt_key_jwt"], true, "{}", lifted.body);
    let strict = server.register(&json!({ "jwks": jwks(&key()) })).await;
    for (client, change, status) in [
        (&lifted, json!({ "token_endpoint_allow_reuse_pvt_key_jwt": true }), StatusCode::OK),
        (&strict, json!({ "token_endpoint_allow_reuse_pvt_key_jwt": true }), StatusCode::BAD_REQUEST),
        (&strict, json!({ "token_endpoint_allow_reuse_pvt_key_jwt": false }), StatusCode::OK),
        (&strict, json!({ "grant_types": ["client_credentials", "refresh_token"] }), StatusCode::BAD_REQUEST),
    ] {
        let mut update = json!({ "client_id": client.body["client_id"], "jwks": client.body["jwks"] });
        update.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = server.client("PUT", &client.body, &update).await;
        assert_eq!(answer.status, status, "{change}: {}", answer.body);
    }
    let open = Server::new("[oauth.dcr]\nauthentication_required = false\n").await;
    let answer = open.call("POST", "/oauth2/register", None, keys.to_string()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
}

#[tokio::test]
async fn a_body_that_is_no_strict_json_object_is_rejected() {
    let server = Server::with_token().await;
    let large = json!({ "client_name": "x".repeat(64 << 10) }).to_string();
    let cases = [
        ("", StatusCode::BAD_REQUEST),
        ("[]", StatusCode::BAD_REQUEST),
        ("{", StatusCode::BAD_REQUEST),
        (r#"{"client_name":"a","client_name":"b"}"#, StatusCode::BAD_REQUEST),
        (r#"{"jwks":{"keys":[],"ke\u0079s":[]}}"#, StatusCode::BAD_REQUEST),
        (&large, StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (body, status) in cases {
        let answer = server.call("POST", "/oauth2/register", Some(TOKEN), body.to_owned()).await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some("invalid_request")), "{body:.40}");
    }
    let form = Request::post("/oauth2/register").header("authorization", format!("Bearer {TOKEN}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(Body::from("a=b")).unwrap();
    assert_eq!(server.send(form).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn no_client_is_registered_or_managed_without_the_right_token() {
    let server = Server::with_token().await;
    for (token, error) in [(None, false), (Some("wrong"), true), (Some(""), true)] {
        let answer = server.call("POST", "/oauth2/register", token, "{}").await;
        assert_eq!((answer.status, answer.body["error"].as_str()), (StatusCode::UNAUTHORIZED, Some("invalid_token")));
        let challenge = answer.challenge.unwrap();
        assert_eq!((challenge.starts_with("Bearer"), challenge.contains("error=")), (true, error), "{challenge}");
    }
    let one = server.register(&json!({ "jwks": jwks(&key()) })).await.body;
    let two = server.register(&json!({ "jwks": jwks(&key()) })).await.body;
    let path = format!("/oauth2/register/{}", one["client_id"].as_str().unwrap());
    for token in [None, Some(TOKEN), two["registration_access_token"].as_str()] {
        for method in ["GET", "PUT", "DELETE"] {
            assert_eq!(server.call(method, &path, token, "{}").await.status, StatusCode::UNAUTHORIZED, "{method}");
        }
    }
    for (method, path) in [("GET", "/oauth2/register"), ("POST", path.as_str())] {
        assert_eq!(server.call(method, path, Some(TOKEN), "").await.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    assert_eq!(server.client("GET", &one, &Value::Null).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_update_is_of_its_client_and_gives_no_scope_that_it_did_not_have() {
    let server = Server::with_token().await;
    let client = server.register(&json!({ "scope": "read write" })).await.body;
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(client["client_secret_expires_at"], 0);
    let (id, secret) = (client["client_id"].clone(), client["client_secret"].clone());
    assert_eq!(secret.as_str().unwrap().len(), 43);
    for (wrong, part) in [
        (json!({}), "client_id"),
        (json!({ "client_id": "another" }), "client_id"),
        (json!({ "client_id": id, "client_secret": "chosen" }), "client_secret"),
        (json!({ "client_id": id, "registration_access_token": "x" }), "registration_access_token"),
        (json!({ "client_id": id, "scope": "read admin" }), "scope"),
    ] {
        let answer = server.client("PUT", &client, &wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(answer.body["error_description"].as_str().unwrap().contains(part), "{wrong}: {}", answer.body);
    }
    let right = json!({ "client_id": id, "client_secret": secret, "scope": "read", "client_name": null });
    let updated = server.client("PUT", &client, &right).await;
    assert_eq!((updated.status, &updated.body["scope"]), (StatusCode::OK, &json!("read")), "{}", updated.body);
    assert!(updated.body.get("client_secret").is_none(), "the secret stays, and only its hash is kept");
    let keys = json!({ "client_id": id, "jwks": jwks(&key()) });
    let updated = server.client("PUT", &client, &keys).await;
    assert_eq!(updated.body["token_endpoint_auth_method"], "private_key_jwt");
    assert!(updated.body.get("client_secret_expires_at").is_none() && updated.body.get("scope").is_none());
}

#[tokio::test]
async fn registration_is_closed_without_a_token_open_on_request_and_absent_when_disabled() {
    let metadata = |server: &Server| {
        let (router, path) = (server.router.clone(), "/.well-known/oauth-authorization-server");
        async move {
            let response = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
            serde_json::from_slice::<Value>(&bytes).unwrap()["registration_endpoint"].clone()
        }
    };
    let closed = Server::new("").await;
    assert_eq!(closed.register(&json!({})).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(metadata(&closed).await, Value::Null);

    let open = Server::new("[oauth.dcr]\nauthentication_required = false\n").await;
    assert!(
        open.app
            .oauth()
            .unwrap()
            .registration
            .authentication
            .published
            .current()
            .warnings
            .iter()
            .any(|warning| warning.contains("authentication_required"))
    );
    assert_eq!(metadata(&open).await, "https://localhost:9443/oauth2/register");
    let request = json!({ "jwks": jwks(&key()), "scope": "openid admin" }).to_string();
    let answer = open.call("POST", "/oauth2/register", None, request).await;
    assert_eq!(
        (answer.status, answer.body["scope"].as_str()),
        (StatusCode::CREATED, Some("openid")),
        "{}",
        answer.body
    );

    let disabled = Server::new(&format!("[oauth.dcr]\nenabled = false\ninitial_access_token = \"{TOKEN}\"\n")).await;
    assert_eq!(disabled.register(&json!({})).await.status, StatusCode::NOT_FOUND);
    assert_eq!(metadata(&disabled).await, Value::Null);
}
