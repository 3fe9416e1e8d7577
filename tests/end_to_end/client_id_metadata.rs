//! Clients whose id is the URL of a document: keys that rotate, documents that change, hosts that misbehave.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::authorize::{TestBrowser, is_page};
use crate::client::TestClient;
use crate::document_host::{DocumentHost, Page, key_set};
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::program::{DROPINS, Finished, command, run};
use crate::server::{ASSERTION_TYPE, Server};
use crate::wait::until;

/// What a hostile host may cost a request on a busy machine; far less than a whole answer would take.
const PROMPT: Duration = Duration::from_secs(10);

const CHALLENGE: &str = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";

/// A home whose clients of this host may act for themselves.
fn home() -> TestHome {
    let home = TestHome::new();
    home.append(
        "[oauth.client_id_metadata]\nmode = \"listed\"\nhosts = [\"localhost\", \"127.0.0.1\"]\n\
         scopes = \"openid read\"\ngrant_types = [\"authorization_code\", \"refresh_token\", \"client_credentials\"]\n\
         allowed_private_hosts = [\"localhost\"]\n",
    );
    home
}

fn start(home: &TestHome, host: &DocumentHost) -> Server {
    let (name, file) = host.authority();
    Server::start_with(home, &[], &[(name, file.to_str().unwrap())])
}

fn dropins(home: &TestHome, host: &DocumentHost, arguments: &[&str]) -> Finished {
    let (name, file) = host.authority();
    run(command(DROPINS).args(arguments).args(["--home", home.root()]).env(name, file))
}

/// A client with its document at this path, and its keys at another one.
fn client(home: &TestHome, host: &DocumentHost, path: &str) -> TestClient {
    let keys = format!("{path}.keys");
    let id = host.client(
        path,
        &json!({
            "client_name": "An agent", "jwks_uri": host.url(&keys), "token_endpoint_auth_method": "private_key_jwt",
            "grant_types": ["client_credentials", "authorization_code"], "redirect_uris": ["http://127.0.0.1:3000/cb"],
        }),
    );
    let client = TestClient::unregistered(home, &id);
    host.serve(&keys, Page::Json(key_set(&[&client.key])));
    client
}

fn mint(client: &TestClient) -> String {
    client.assertion().header("kid", client.key.thumbprint()).sign()
}

#[test]
fn a_client_that_nobody_registered_is_known_by_its_document_and_rotates_its_keys() {
    let (home, host) = (home(), DocumentHost::start());
    let client = client(&home, &host, "/id.json");
    let server = start(&home, &host);
    let metadata = server.get("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    let token = server.authenticate_with(&mint(&client), &[("scope", "openid read admin")]).token();
    assert_eq!(token["scope"], "openid read");
    let replayed = mint(&client);
    server.authenticate(&replayed).token();
    server.authenticate(&replayed).error(401, "invalid_client");
    assert_eq!(host.requests(), 2, "one document, one key set");

    let shown = dropins(&home, &host, &["client", "show", &client.id, "--json"]).succeeded().json();
    assert_eq!((&shown["origin"], &shown["client_name"]), (&"the document at its id".into(), &"An agent".into()));
    assert_eq!(shown["keys"][0]["thumbprint"], client.key.thumbprint());
    dropins(&home, &host, &["assertion", "explain", &mint(&client)]).succeeded();

    let new = TestClient::unregistered(&home, &client.id);
    host.serve("/id.json.keys", Page::Json(key_set(&[&new.key])));
    server.authenticate(&mint(&new)).token();
    server.authenticate(&mint(&client)).error(401, "invalid_client");
}

#[test]
fn two_hundred_first_requests_cause_one_fetch() {
    let (home, host) = (home(), DocumentHost::start());
    home.append("[limits]\nconcurrent_calls = 400\n");
    let client = TestClient::unregistered(&home, &host.url("/id.json"));
    host.client("/id.json", &json!({ "jwks": key_set(&[&client.key]), "grant_types": ["client_credentials"] }));
    let server = start(&home, &host);
    let assertions: Vec<_> = (0..200).map(|_| client.mint()).collect();
    let held = host.hold();
    std::thread::scope(|scope| {
        let server = &server;
        for assertion in &assertions {
            scope.spawn(move || server.authenticate(assertion).token());
        }
        until("all requests wait for the document", || {
            (server.admin_get("/status").json()["in_flight"] == assertions.len()).then_some(())
        });
        drop(held);
    });
    assert_eq!(host.requests(), 1);
}

#[test]
fn a_document_that_changes_is_seen_and_one_that_is_gone_ends_its_client() {
    let (home, host) = (home(), DocumentHost::start());
    let client = client(&home, &host, "/id.json");
    let server = start(&home, &host);
    server.authenticate(&mint(&client)).token();
    let other = TestClient::unregistered(&home, &client.id);
    let changed = json!({ "jwks": key_set(&[&other.key]), "grant_types": ["client_credentials"] });
    host.client("/id.json", &changed);
    server.authenticate(&mint(&client)).token();
    let refreshed = dropins(&home, &host, &["keys", "refresh", &client.id, "--json"]).succeeded().json();
    assert_eq!(refreshed["keys"][0]["thumbprint"], other.key.thumbprint());
    let line = server.logged("the metadata document of a client has changed");
    for member in ["client_name", "jwks", "jwks_uri", "redirect_uris"] {
        assert!(line.contains(member), "{member} in {line}");
    }
    server.authenticate(&mint(&client)).error(401, "invalid_client");
    server.authenticate(&mint(&other)).token();
    host.serve("/id.json", Page::Status(410));
    dropins(&home, &host, &["keys", "refresh", &client.id]).failed(&["status 410"]);
    server.authenticate(&mint(&other)).error(401, "invalid_client");
}

#[test]
fn a_host_that_misbehaves_costs_its_own_client_only_and_the_operator_learns_why() {
    let (home, host) = (home(), DocumentHost::start());
    let good = TestClient::register(&home, "registered");
    let down = DocumentHost::start();
    let lost = down.url("/id.json");
    drop(down);
    let server = start(&home, &host);
    let document = |id: &str| json!({ "client_id": id, "redirect_uris": ["https://client.example/cb"] });
    let secret =
        json!({ "client_id": host.url("/secret"), "client_secret": "s", "redirect_uris": ["https://c.example/"] });
    for (path, page) in [
        ("/redirect", Page::Redirect(host.url("/elsewhere"))),
        ("/slow", Page::Silent),
        ("/large", Page::Large),
        ("/text", Page::Typed("text/plain", document(&host.url("/text")))),
        ("/other", Page::Json(document(&host.url("/another")))),
        ("/secret", Page::Json(secret)),
    ] {
        host.serve(path, page);
    }
    for (id, cause) in [
        (host.url("/redirect"), "redirect (status 302)"),
        (host.url("/slow"), "within 3000 ms"),
        (host.url("/large"), "more than 5120 bytes"),
        (host.url("/text"), "content type"),
        (host.url("/missing"), "status 404"),
        (host.url("/other"), "byte for byte"),
        (host.url("/secret"), "cannot hold a secret"),
        (host.url("/a/../id.json"), "normal form"),
        (host.url_by_address("/id.json"), "private"),
        ("https://unlisted.example/id.json".to_owned(), "not in oauth.client_id_metadata.hosts"),
        (lost, "cannot be reached"),
    ] {
        let stranger = TestClient::unregistered(&home, &id);
        let began = Instant::now();
        let answer = server.authenticate(&stranger.mint());
        answer.error(401, "invalid_client");
        assert!(began.elapsed() < PROMPT, "{id}: {:?}", began.elapsed());
        server.authenticate(&good.mint()).token();
        let explained = dropins(&home, &host, &["explain", &answer.reference()]).succeeded();
        assert!(explained.stdout.contains(cause), "`{cause}` in\n{}", explained.stdout);
        dropins(&home, &host, &["client", "show", &id]).failed(&[cause]);
    }
}

/// The page of an authorization request of this client.
fn authorize(server: &Server, browser: &TestBrowser<'_>, client_id: &str, redirect_uri: &str) -> Answer {
    let pairs =
        [("response_type", "code"), ("client_id", client_id), ("redirect_uri", redirect_uri), ("scope", "openid")];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    browser.open(&server.url(&format!("/oauth2/authorize?{query}&{CHALLENGE}")))
}

#[test]
fn the_consent_page_shows_the_host_and_warns_about_programs_of_the_same_device() {
    let (home, host) = (home(), DocumentHost::start());
    let (local, remote) = ("http://127.0.0.1:49152/cb", "https://client.example/cb");
    let id = host.client(
        "/id.json",
        &json!({ "client_name": "Your bank", "redirect_uris": ["http://127.0.0.1/cb", remote], "scope": "openid" }),
    );
    let hidden = host.client("/hidden.json", &json!({ "redirect_uris": [remote] }));
    home.append(&format!("[[service_provider]]\nclient_id = \"{hidden}\"\nenabled = false\n"));
    crate::authorize::add_user(&home);
    let server = start(&home, &host);
    let shown = format!("localhost:{}", host.url("").rsplit(':').next().unwrap());
    let browser = TestBrowser::new(&server);
    let page = authorize(&server, &browser, &id, local);
    is_page(&page, 200, "Sign in");
    assert!(page.body.contains(&format!("Your bank ({shown})")), "{page:?}");
    let page = browser.sign_in(&page, crate::authorize::PASSWORD);
    is_page(&page, 200, "Allow Your bank");
    assert!(page.body.contains(&format!("only the host <strong>{shown}</strong> vouches")), "{page:?}");
    assert!(page.body.contains("program on the device"), "{page:?}");
    let page = authorize(&server, &browser, &id, remote);
    assert!(!page.body.contains("program on the device") && page.body.contains("vouches"), "{page:?}");
    let refused = authorize(&server, &browser, &id, "https://client.example/other");
    is_page(&refused, 400, "This did not work");
    let disabled = authorize(&server, &browser, &hidden, remote);
    is_page(&disabled, 400, "This did not work");

    // A public client may push, and one with keys must prove itself.
    let request = [("response_type", "code"), ("redirect_uri", remote), ("client_id", &id)];
    let challenge = [("code_challenge", &CHALLENGE[15..58]), ("code_challenge_method", "S256")];
    let pushed = Request::form(server.url("/oauth2/par"), &[&request[..], &challenge].concat());
    assert_eq!(server.http().send(pushed).status, 201);
    let client = client(&home, &host, "/keys.json");
    let request = [("response_type", "code"), ("redirect_uri", local), ("client_id", &client.id)];
    let unproven = Request::form(server.url("/oauth2/par"), &[&request[..], &challenge].concat());
    server.http().send(unproven).error(401, "invalid_client");
    let assertion = mint(&client);
    let credential = [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion)];
    let proven = Request::form(server.url("/oauth2/par"), &[&request[..], &challenge, &credential].concat());
    assert_eq!(server.http().send(proven).status, 201);
}
