//! Codes at the token endpoint.

use dropins_store::grants::Authorization;

use crate::holder::{Holder, REDIRECT_URI, VERIFIER, issue_code, part, redemption, text, user};
use crate::home::TestHome;
use crate::http::Request;
use crate::server::Server;

/// The answer to every unusable code.
const INVALID: &str = "The authorization code is not valid";

#[test]
fn the_documented_parameters_give_access_refresh_and_id_tokens() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    // The documented request has no PKCE, and sends a scope.
    let code = issue_code(&home, Authorization { code_challenge: None, ..app.authorization() });
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("scope", "openid"),
        ("redirect_uri", REDIRECT_URI),
    ];
    let tokens = app.post(&server, "/oauth2/token", &fields).token();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&"Bearer".into(), &3600.into()));
    assert_eq!(tokens["scope"], "openid read write");
    let access_token = text(&tokens, "access_token");
    assert_eq!(part(access_token, 0)["typ"], "at+jwt");
    let claims = part(access_token, 1);
    assert_eq!((&claims["sub"], &claims["client_id"]), (&user(&home).into(), &"app".into()));
    assert!(claims["auth_time"].is_u64() && claims["jti"].is_string(), "{claims}");
    let claims = part(text(&tokens, "id_token"), 1);
    assert_eq!((&claims["iss"], &claims["aud"]), (&home.issuer().into(), &"app".into()));
    assert_eq!((&claims["sub"], &claims["nonce"]), (&user(&home).into(), &"n-0S6".into()));
    assert!(claims["at_hash"].is_string() && claims["auth_time"].is_u64(), "{claims}");
    assert!(app.is_active(&server, access_token) && app.is_active(&server, text(&tokens, "refresh_token")));
}

#[test]
fn a_code_is_rejected_for_another_client_and_stays_valid_for_its_own() {
    let home = TestHome::new();
    let (a, b) = (Holder::register(&home, "a"), Holder::register(&home, "b"));
    let server = Server::start(&home);
    let code = a.code();
    assert_eq!(b.redeem(&server, &code).error(400, "invalid_grant"), INVALID);
    let tokens = a.redeem(&server, &code).token();
    assert_eq!(b.redeem(&server, &code).error(400, "invalid_grant"), INVALID);
    assert!(a.is_active(&server, text(&tokens, "access_token")), "another client revokes nothing");
}

#[test]
fn a_code_that_is_used_twice_revokes_what_it_issued() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let code = app.code();
    let tokens = app.redeem(&server, &code).token();
    let refreshed = app.refresh(&server, text(&tokens, "refresh_token")).token();
    let other = app.tokens(&server);
    assert_eq!(app.redeem(&server, &code).error(400, "invalid_grant"), INVALID);
    server.logged("the code was used before");
    for tokens in [&tokens, &refreshed] {
        assert!(!app.is_active(&server, text(tokens, "access_token")));
        assert!(!app.is_active(&server, text(tokens, "refresh_token")));
    }
    app.refresh(&server, text(&refreshed, "refresh_token")).error(400, "invalid_grant");
    assert!(app.is_active(&server, text(&other, "access_token")), "another code is another family");
}

#[test]
fn a_wrong_verifier_and_a_redirect_uri_one_character_off_are_rejected() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let code = app.code();
    let (uri, verifier) = (&REDIRECT_URI[..REDIRECT_URI.len() - 1], format!("{}X", &VERIFIER[..VERIFIER.len() - 1]));
    for (name, value) in [
        ("redirect_uri", uri),
        ("redirect_uri", ""),
        ("code_verifier", verifier.as_str()),
        ("code_verifier", &VERIFIER[1..]),
        ("code_verifier", ""),
        ("code", &code[1..]),
    ] {
        let fields = redemption(&code).map(|(known, right)| (known, if known == name { value } else { right }));
        let answer = app.post(&server, "/oauth2/token", &fields);
        assert_eq!(answer.error(400, "invalid_grant"), INVALID, "{name}={value}");
    }
    let without = [("grant_type", "authorization_code")];
    app.post(&server, "/oauth2/token", &without).error(400, "invalid_request");
    app.redeem(&server, &code).token();
}

#[test]
fn a_rejected_code_consumes_its_assertion() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let (assertion, code) = (app.client.mint(), app.code());
    let unknown = [("grant_type", "authorization_code"), ("code", "x")];
    app.post_with(&server, "/oauth2/token", &assertion, &unknown).error(400, "invalid_grant");
    app.post_with(&server, "/oauth2/token", &assertion, &redemption(&code)).error(401, "invalid_client");
    app.post_with(&server, "/oauth2/introspect", &assertion, &[("token", "x")]).error(401, "invalid_client");
}

#[test]
fn a_code_ends_with_its_users_account() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let (kept, used) = (app.code(), app.code());
    let tokens = app.redeem(&server, &used).token();
    assert!(app.is_active(&server, text(&tokens, "refresh_token")));
    home.dropins(&["user", "disable", "admin"]).succeeded();
    assert_eq!(app.redeem(&server, &kept).error(400, "invalid_grant"), INVALID);
    server.logged("the user is removed or disabled");
    assert!(!app.is_active(&server, text(&tokens, "refresh_token")));
    home.dropins(&["user", "enable", "admin"]).succeeded();
    assert!(app.is_active(&server, text(&tokens, "refresh_token")));
    app.redeem(&server, &kept).token();
    let left = app.code();
    home.dropins(&["user", "remove", "admin"]).succeeded();
    assert_eq!(app.redeem(&server, &left).error(400, "invalid_grant"), INVALID);
    server.logged("the code is unknown");
}

#[test]
fn a_failure_consumes_neither_a_code_nor_a_refresh_token() {
    let home = TestHome::new();
    home.token_type("opaque");
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let (tokens, code) = (app.tokens(&server), app.code());
    let table = |sql: &str| {
        let database = rusqlite::Connection::open(home.path("repository/database/identity.db")).unwrap();
        database.execute_batch(sql).unwrap();
    };
    table("ALTER TABLE DROPINS_ACCESS_TOKEN RENAME TO AWAY");
    app.redeem(&server, &code).error(503, "temporarily_unavailable");
    app.refresh(&server, text(&tokens, "refresh_token")).error(503, "temporarily_unavailable");
    app.post(&server, "/oauth2/token", &[("grant_type", "client_credentials")]).error(503, "temporarily_unavailable");
    table("ALTER TABLE AWAY RENAME TO DROPINS_ACCESS_TOKEN");
    let redeemed = app.redeem(&server, &code).token();
    assert!(app.is_active(&server, text(&redeemed, "access_token")));
    let refreshed = app.refresh(&server, text(&tokens, "refresh_token")).token();
    assert!(app.is_active(&server, text(&refreshed, "access_token")));
}

#[test]
fn a_client_uses_only_the_grants_that_it_registered() {
    let home = TestHome::new();
    let without = Holder::register_for(&home, "without", "\"client_credentials\"");
    let only = Holder::register_for(&home, "only", "\"authorization_code\"");
    let server = Server::start(&home);
    without.redeem(&server, &without.code()).error(400, "unauthorized_client");
    let tokens = only.tokens(&server);
    assert!(tokens.get("refresh_token").is_none(), "{tokens}");
    assert!(only.is_active(&server, text(&tokens, "access_token")));
}

#[test]
fn codes_and_tokens_survive_a_restart() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let (tokens, code) = (app.tokens(&server), app.code());
    drop(server);
    let server = Server::start(&home);
    app.redeem(&server, &code).token();
    assert!(app.is_active(&server, text(&tokens, "access_token")));
    app.refresh(&server, text(&tokens, "refresh_token")).token();
}

#[test]
fn a_client_without_a_credential_proves_itself_by_the_verifier_alone() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"page\"\ntoken_endpoint_auth_method = \"none\"\n\
         grant_types = [\"authorization_code\", \"refresh_token\"]\n\
         redirect_uris = [\"{REDIRECT_URI}\"]\n"
    ));
    let server = Server::start(&home);
    let code = || issue_code(&home, Authorization { client_id: "page".to_owned(), ..app.authorization() });
    let post = |fields: &[(&str, &str)]| server.post(fields);
    let with = |code: &str, further: &[(&'static str, &'static str)]| {
        server.post(&[&redemption(code)[..], &[("client_id", "page")], further].concat())
    };
    let tokens = with(&code(), &[]).token();
    let refresh =
        [("grant_type", "refresh_token"), ("refresh_token", text(&tokens, "refresh_token")), ("client_id", "page")];
    post(&refresh).token();
    post(&refresh).error(400, "invalid_grant");

    with(&code(), &[("client_secret", "x")]).error(401, "invalid_client");
    let code = code();
    let mut fields = redemption(&code);
    fields[3].1 = "";
    post(&[&fields[..], &[("client_id", "page")]].concat()).error(400, "invalid_grant");
    let basic = server.token_request(&[&redemption(&code)[..], &[("client_id", "page")]].concat());
    server.http().send(basic.header("authorization", "Basic cGFnZTo=")).error(401, "invalid_client");
    post(&redemption(&code)).error(401, "invalid_client");
    let code = app.code();
    post(&[&redemption(&code)[..], &[("client_id", "app")]].concat()).error(401, "invalid_client");
    post(&[("grant_type", "client_credentials"), ("client_id", "page")]).error(401, "invalid_client");
    let introspection = Request::form(server.url("/oauth2/introspect"), &[("token", "x"), ("client_id", "page")]);
    server.http().send(introspection).error(401, "invalid_client");
}
