//! The OpenAPI document: every operation in it is called, and every answer is one that it describes.

use std::cell::RefCell;
use std::collections::BTreeSet;

use dropins_keys::{KeyFamily, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::holder::{Holder, REDIRECT_URI, text};
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::readme::page;
use crate::server::Server;

const REGISTRATION: &str = "initial-access-token";

/// The document, and what of it was called.
struct Described {
    document: Value,
    called: RefCell<BTreeSet<String>>,
}

impl Described {
    fn read() -> Self {
        Self {
            document: serde_json::from_str(&page("docs/reference/openapi.json")).unwrap(),
            called: RefCell::default(),
        }
    }

    /// `post /oauth2/token`, all of them.
    fn operations(&self) -> BTreeSet<String> {
        let paths = self.document["paths"].as_object().unwrap().iter();
        let methods = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let is_method = |name: &String| ["get", "post", "put", "delete"].contains(&name.as_str());
        paths
            .flat_map(|(path, item)| {
                methods(item).into_iter().filter(is_method).map(move |name| format!("{name} {path}"))
            })
            .collect()
    }

    /// The answer has this status, and the operation describes it.
    #[track_caller]
    fn describes(&self, operation: &str, status: u16, answer: &Answer) -> Value {
        let (method, path) = operation.split_once(' ').unwrap();
        assert_eq!(answer.status, status, "{operation}: {answer:?}");
        let described = &self.document["paths"][path][method]["responses"][status.to_string()];
        assert!(described.is_object(), "{operation} has no answer {status}: {answer:?}");
        let described = match described["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => described,
        };
        self.called.borrow_mut().insert(operation.to_owned());
        let Some(content) = described["content"].as_object() else {
            assert_eq!(answer.body, "", "{operation} has no content");
            return Value::Null;
        };
        let (kind, media) = content.iter().next().unwrap();
        assert_eq!(answer.header("content-type").split(';').next(), Some(kind.as_str()), "{operation}: {answer:?}");
        if kind != "application/json" {
            assert!(!answer.body.is_empty(), "{operation}");
            return Value::Null;
        }
        let value = answer.json();
        let schema = json!({ "allOf": [media["schema"]], "components": self.document["components"] });
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<_> =
            validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert_eq!(errors, Vec::<String>::new(), "{operation} {status}: {value:#}");
        value
    }
}

fn send(server: &Server, method: Method, url: String, token: Option<&str>, body: Option<&Value>) -> Answer {
    let mut request = Request::new(method, url);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    server.http().send(request)
}

#[test]
fn every_operation_answers_as_it_is_described() {
    let described = Described::read();
    let home = TestHome::new();
    home.append(&format!("[oauth.dcr]\ninitial_access_token = \"{REGISTRATION}\"\n"));
    let app = Holder::register(&home, "app");
    TestClient::register_with(&home, "smart", "profile = \"smart\"");
    let server = Server::start(&home);
    let rejected = clients(&described, &app, &server);
    pages(&described, &app, &server);
    for path in [
        "/oauth2/jwks",
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oauth2/token/.well-known/openid-configuration",
        "/oauth2/oidcdiscovery/.well-known/openid-configuration",
        "/.well-known/smart-configuration",
    ] {
        described.describes(&format!("get {path}"), 200, &server.get(path));
    }
    registration(&described, &server);
    operators(&described, &server, &rejected);
    let missing: Vec<_> = described.operations().difference(&described.called.borrow()).cloned().collect();
    assert_eq!(missing, Vec::<String>::new(), "operations that nothing calls");
}

/// The endpoints for clients; returns the reference of a rejected request.
fn clients(described: &Described, app: &Holder, server: &Server) -> String {
    let token = "post /oauth2/token";
    let answer = server.authenticate_with(&app.client.mint(), &[("scope", "openid read")]);
    described.describes(token, 200, &answer);
    let tokens = described.describes(token, 200, &app.redeem(server, &app.code()));
    described.describes(token, 200, &app.refresh(server, text(&tokens, "refresh_token")));
    described.describes(token, 400, &app.redeem(server, "no code"));
    let rejected = server.authenticate("a.b.c");
    described.describes(token, 400, &rejected);
    let spoiled = app.client.assertion().claim("aud", "https://other.example").sign();
    let rejected = server.authenticate(&spoiled);
    described.describes(token, 401, &rejected);
    described.describes(token, 413, &server.post(&[("grant_type", &"x".repeat(70_000))]));
    let put = server.http().send(Request::new(Method::PUT, server.url("/oauth2/token")));
    described.describes(token, 405, &put);

    let tokens = app.tokens(server);
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    for token in [access, refresh, "unknown"] {
        let answer = app.post(server, "/oauth2/introspect", &[("token", token)]);
        described.describes("post /oauth2/introspect", 200, &answer);
    }
    described.describes(
        "post /oauth2/introspect",
        401,
        &app.post_with(server, "/oauth2/introspect", &spoiled, &[("token", "x")]),
    );
    let userinfo = |method, token: Option<&str>| send(server, method, server.url("/oauth2/userinfo"), token, None);
    described.describes("get /oauth2/userinfo", 200, &userinfo(Method::GET, Some(access)));
    let post = Request::form(server.url("/oauth2/userinfo"), &[("access_token", access)]);
    described.describes("post /oauth2/userinfo", 200, &server.http().send(post));
    described.describes("get /oauth2/userinfo", 401, &userinfo(Method::GET, Some("wrong")));
    described.describes("post /oauth2/revoke", 200, &app.post(server, "/oauth2/revoke", &[("token", refresh)]));
    described.describes("post /oauth2/revoke", 400, &app.post(server, "/oauth2/revoke", &[]));
    let request = [("client_id", "app"), ("response_type", "code"), ("redirect_uri", REDIRECT_URI)];
    described.describes("post /oauth2/par", 201, &app.post(server, "/oauth2/par", &request));
    described.describes("post /oauth2/par", 400, &app.post(server, "/oauth2/par", &[("response_type", "token")]));
    rejected.reference()
}

fn pages(described: &Described, app: &Holder, server: &Server) {
    let query = format!("client_id={}&response_type=code&redirect_uri={REDIRECT_URI}&scope=openid", app.client.id);
    described.describes("get /oauth2/authorize", 200, &server.get(&format!("/oauth2/authorize?{query}")));
    described.describes("get /oauth2/authorize", 303, &server.get(&format!("/oauth2/authorize?{query}&prompt=none")));
    described.describes("get /oauth2/authorize", 400, &server.get("/oauth2/authorize?client_id=nobody"));
    let post = server.http().send(Request::form(server.url("/oauth2/authorize"), &[("client_id", "nobody")]));
    let status = post.status;
    assert!([303, 400, 403].contains(&status), "{post:?}");
    described.describes("post /oauth2/authorize", status, &post);
    described.describes("get /", 200, &server.get("/"));
    described.describes("get /oidc/logout", 200, &server.get("/oidc/logout"));
    let post = server.http().send(Request::form(server.url("/oidc/logout"), &[]));
    let status = post.status;
    described.describes("post /oidc/logout", status, &post);
    described.describes("get /oauth2/logout", 200, &server.get("/oauth2/logout"));
    let post = server.http().send(Request::form(server.url("/oauth2/logout"), &[]));
    let status = post.status;
    described.describes("post /oauth2/logout", status, &post);
}

fn registration(described: &Described, server: &Server) {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let metadata = json!({
        "client_name": "An app", "jwks": { "keys": [key.public_jwk()] }, "grant_types": ["client_credentials"], "scope": "read",
    });
    let register = "post /oauth2/register";
    let url = || server.url("/oauth2/register");
    described.describes(register, 401, &send(server, Method::POST, url(), None, Some(&metadata)));
    let bad = json!({ "grant_types": ["password"] });
    described.describes(register, 400, &send(server, Method::POST, url(), Some(REGISTRATION), Some(&bad)));
    let answer = send(server, Method::POST, url(), Some(REGISTRATION), Some(&metadata));
    let client = described.describes(register, 201, &answer);
    let with_secret = json!({ "grant_types": ["client_credentials"] });
    described.describes(register, 201, &send(server, Method::POST, url(), Some(REGISTRATION), Some(&with_secret)));

    let (one, token) =
        (text(&client, "registration_client_uri").to_owned(), text(&client, "registration_access_token"));
    let manage = |method, token, body| send(server, method, one.clone(), Some(token), body);
    let path = "/oauth2/register/{client_id}";
    described.describes(&format!("get {path}"), 200, &manage(Method::GET, token, None));
    described.describes(&format!("get {path}"), 401, &manage(Method::GET, "wrong", None));
    let mut update = metadata.clone();
    update["client_id"] = client["client_id"].clone();
    let updated = described.describes(&format!("put {path}"), 200, &manage(Method::PUT, token, Some(&update)));
    let token = text(&updated, "registration_access_token");
    described.describes(&format!("put {path}"), 400, &manage(Method::PUT, token, Some(&bad)));
    described.describes(&format!("delete {path}"), 204, &manage(Method::DELETE, token, None));
}

fn operators(described: &Described, server: &Server, reference: &str) {
    let ask = |method: &str, path: &str| {
        let method = if method == "get" { Method::GET } else { Method::POST };
        server.operator(method, path)
    };
    for path in ["/healthz", "/readyz", "/metrics", "/status", "/audiences"] {
        described.describes(&format!("get {path}"), 200, &ask("get", path));
    }
    described.describes("get /decisions/{reference}", 200, &ask("get", &format!("/decisions/{reference}")));
    described.describes("get /decisions/{reference}", 404, &ask("get", "/decisions/unknown00"));
    described.describes("post /reload", 200, &ask("post", "/reload?wait=true"));
    let closed = server.http().send(Request::new(Method::POST, server.admin_url("/reload")));
    described.describes("post /reload", 403, &closed);
    described.describes("post /rollback", 422, &ask("post", "/rollback"));
    described.describes("post /rollback", 400, &ask("post", "/rollback?x=1"));
    described.describes("get /plugins/{name}/diff", 404, &ask("get", "/plugins/nothing/diff"));
    described.describes("post /clients/refresh", 200, &ask("post", "/clients/refresh"));
    described.describes("post /keys/refresh", 400, &ask("post", "/keys/refresh"));
    described.describes("post /keys/refresh", 404, &ask("post", "/keys/refresh?client_id=nobody"));
    described.describes("post /keys/refresh", 409, &ask("post", "/keys/refresh?client_id=app"));
}

#[test]
fn every_endpoint_of_the_metadata_is_described() {
    let (described, home) = (Described::read(), TestHome::new());
    home.append("[oauth.dcr]\ninitial_access_token = \"x\"\n");
    let server = Server::start(&home);
    let metadata = server.get("/.well-known/openid-configuration").json();
    let urls =
        metadata.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    let paths: Vec<_> =
        urls.map(|(_, url)| url.as_str().unwrap().trim_start_matches(&home.issuer()).to_owned()).collect();
    assert!(paths.len() >= 6, "{paths:?}");
    for path in paths {
        assert!(described.document["paths"][&path].is_object(), "{path} is not in docs/reference/openapi.json");
    }
}
