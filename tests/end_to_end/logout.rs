//! Who a user is, and the end of a session that a client asks for: userinfo, RP-initiated logout, the page at `/`.

use std::collections::BTreeMap;

use reqwest::Method;

use crate::authorize::{PASSWORD, TestBrowser, add_user, is_page};
use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::server::{ASSERTION_TYPE, Server};

const CALLBACK: &str = "https://app.example/cb";
const BYE: &str = "https://app.example/bye?x=1";

fn home() -> (TestHome, TestClient) {
    let home = TestHome::new();
    home.replace("allow_id_token = false", "allow_id_token = true");
    let client = TestClient::register_with(
        &home,
        "app",
        &format!(
            "redirect_uris = [\"{CALLBACK}\"]\npost_logout_redirect_uris = [\"{BYE}\"]\nscope = \"profile read\"\n"
        ),
    );
    home.replace(
        "grant_types = [\"client_credentials\"]\njwks_file = \"app",
        "grant_types = [\"client_credentials\", \"authorization_code\"]\njwks_file = \"app",
    );
    TestClient::register_with(&home, "other", &format!("post_logout_redirect_uris = [\"{BYE}\"]\n"));
    add_user(&home);
    (home, client)
}

/// Signs in at this browser; the token answer.
fn sign_in(server: &Server, browser: &TestBrowser<'_>, client: &TestClient, scope: &str) -> serde_json::Value {
    let request = [("response_type", "code"), ("client_id", "app"), ("redirect_uri", CALLBACK), ("scope", scope)];
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(request).finish();
    let page = browser.open(&server.url(&format!("/oauth2/authorize?{query}&prompt=consent")));
    let page = match page.body.contains("<h1>Sign in") {
        true => browser.sign_in(&page, PASSWORD),
        false => page,
    };
    let answer = browser.submit(&page, &[("decision", "allow")]);
    let location = reqwest::Url::parse(answer.header("location")).unwrap();
    let returned: BTreeMap<_, _> = location.query_pairs().into_owned().collect();
    let assertion = client.mint();
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &returned["code"]),
        ("redirect_uri", CALLBACK),
        ("client_assertion_type", ASSERTION_TYPE),
        ("client_assertion", &assertion),
    ];
    server.post(&fields).token()
}

fn userinfo(server: &Server, token: &str) -> Answer {
    let request = Request::new(Method::GET, server.url("/oauth2/userinfo"));
    server.http().send(request.header("authorization", format!("Bearer {token}")))
}

#[test]
fn userinfo_tells_who_the_user_of_a_token_is_and_errors_follow_rfc_6750() {
    for kind in ["jwt", "opaque"] {
        let (home, client) = home();
        home.token_type(kind);
        let server = Server::start(&home);
        let browser = TestBrowser::new(&server);
        let tokens = sign_in(&server, &browser, &client, "openid profile");
        let token = tokens["access_token"].as_str().unwrap();
        let told = userinfo(&server, token);
        assert_eq!((told.status, told.header("cache-control")), (200, "no-store"), "{told:?}");
        assert_eq!(told.json()["preferred_username"], "jane");
        let posted = Request::form(server.url("/oauth2/userinfo/"), &[("access_token", token)]);
        assert_eq!(server.http().send(posted).json(), told.json());

        let missing = server.get("/oauth2/userinfo");
        missing.error(401, "invalid_token");
        assert_eq!(missing.header("www-authenticate"), "Bearer realm=\"dropins\"");
        let wrong = userinfo(&server, &format!("{token}x"));
        wrong.error(401, "invalid_token");
        assert!(wrong.header("www-authenticate").contains("error=\"invalid_token\""), "{wrong:?}");
        let malformed = server.get("/oauth2/userinfo?access_token=x");
        malformed.error(400, "invalid_request");
        assert!(malformed.header("www-authenticate").contains("error=\"invalid_request\""), "{malformed:?}");
        let without = sign_in(&server, &browser, &client, "read");
        let refused = userinfo(&server, without["access_token"].as_str().unwrap());
        refused.error(403, "insufficient_scope");
        assert!(refused.header("www-authenticate").contains("scope=\"openid\""), "{refused:?}");
        let own = server.authenticate_with(&client.mint(), &[("scope", "openid")]).token();
        userinfo(&server, own["access_token"].as_str().unwrap()).error(401, "invalid_token");

        let assertion = client.mint();
        let credential =
            [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", &assertion), ("token", token)];
        let revoked = server.http().send(Request::form(server.url("/oauth2/revoke"), &credential));
        assert_eq!(revoked.status, 200);
        userinfo(&server, token).error(401, "invalid_token");
    }
}

/// A logout request with these parameters.
fn logout(server: &Server, browser: &TestBrowser<'_>, parameters: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    browser.open(&server.url(&format!("/oidc/logout?{query}")))
}

fn is_signed_in(server: &Server, browser: &TestBrowser<'_>) -> bool {
    browser.open(&server.url("/")).body.contains("You are signed in as <strong>jane</strong>")
}

#[test]
fn a_client_with_the_users_id_token_ends_the_session_and_has_the_browser_back() {
    let (home, client) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    let tokens = sign_in(&server, &browser, &client, "openid");
    let hint = tokens["id_token"].as_str().unwrap();
    assert!(is_signed_in(&server, &browser));
    for (further, part) in [
        (&[("post_logout_redirect_uri", "https://app.example/bye")][..], "not registered"),
        (&[("client_id", "other"), ("post_logout_redirect_uri", BYE)], "was issued to"),
    ] {
        let refused = logout(&server, &browser, &[&[("id_token_hint", hint)][..], further].concat());
        is_page(&refused, 400, "This did not work");
        assert!(refused.body.contains(part), "{refused:?}");
        assert!(is_signed_in(&server, &browser));
    }
    let left =
        logout(&server, &browser, &[("id_token_hint", hint), ("post_logout_redirect_uri", BYE), ("state", "a&b")]);
    assert_eq!((left.status, left.header("location")), (303, "https://app.example/bye?x=1&state=a%26b"), "{left:?}");
    assert!(!is_signed_in(&server, &browser));
    let again = logout(&server, &browser, &[("id_token_hint", hint), ("post_logout_redirect_uri", BYE)]);
    assert_eq!((again.status, again.header("location")), (303, BYE));
    // A post goes on by GET, so that the browser sends its cookie.
    let tokens = sign_in(&server, &browser, &client, "openid");
    let hint = tokens["id_token"].as_str().unwrap();
    let posted = Request::form(server.url("/oidc/logout"), &[("id_token_hint", hint)]);
    let answer = server.http().send(posted);
    assert!(answer.header("location").starts_with("/oidc/logout?id_token_hint="), "{answer:?}");
    is_page(&browser.open(&server.url(answer.header("location"))), 200, "You are signed out");
    assert!(!is_signed_in(&server, &browser));
}

#[test]
fn without_a_valid_id_token_the_page_asks_and_no_other_site_signs_a_user_out() {
    let (home, client) = home();
    let server = Server::start(&home);
    let browser = TestBrowser::new(&server);
    sign_in(&server, &browser, &client, "openid");
    let own = server.authenticate_with(&client.mint(), &[("scope", "openid")]).token();
    let named = [("client_id", "app"), ("post_logout_redirect_uri", BYE)];
    for hint in ["x.y.z", own["id_token"].as_str().unwrap(), own["access_token"].as_str().unwrap()] {
        let page = logout(&server, &browser, &[&named[..], &[("id_token_hint", hint)]].concat());
        is_page(&page, 200, "Sign out?");
        assert!(is_signed_in(&server, &browser));
    }
    let unnamed = logout(&server, &browser, &[("post_logout_redirect_uri", BYE)]);
    is_page(&unnamed, 400, "This did not work");
    let page = logout(&server, &browser, &[&named[..], &[("state", "s")]].concat());
    is_page(&page, 200, "Sign out?");
    assert!(page.header("content-security-policy").contains("form-action 'self' https://app.example;"), "{page:?}");
    let left = browser.submit(&page, &[]);
    assert_eq!((left.status, left.header("location")), (303, "https://app.example/bye?x=1&state=s"), "{left:?}");
    assert!(!is_signed_in(&server, &browser));
    let stranger = TestBrowser::new(&server);
    let page = logout(&server, &stranger, &named);
    is_page(&page, 200, "You are signed out");
    assert!(page.body.contains("href=\"https://app.example/bye?x=1\""), "{page:?}");
}

#[test]
fn there_is_a_page_at_the_root_and_wso2s_places_have_the_metadata() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let page = server.get("/");
    is_page(&page, 200, "This is where you sign in");
    let metadata = server.get("/.well-known/openid-configuration").json();
    assert_eq!(metadata["userinfo_endpoint"], format!("{}/oauth2/userinfo", home.issuer()));
    assert_eq!(metadata["end_session_endpoint"], format!("{}/oidc/logout", home.issuer()));
    for place in ["/oauth2/token", "/oauth2/oidcdiscovery"] {
        assert_eq!(server.get(&format!("{place}/.well-known/openid-configuration")).json(), metadata, "{place}");
    }
    assert_eq!(server.get("/.well-known/smart-configuration").status, 404, "no listener has the profile");
}
