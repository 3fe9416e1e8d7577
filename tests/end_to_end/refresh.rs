//! Refresh tokens at the token endpoint.

use dropins_keys::{KeyFamily, SigningKey};
use dropins_store::grants::Authorization;
use serde_json::{Value, json};

use crate::client::TestClient;
use crate::holder::{Holder, issue_code, part, text};
use crate::home::TestHome;
use crate::server::Server;

/// The answer to every unusable refresh token.
const INVALID: &str = "The refresh token is not valid";

#[test]
fn a_refresh_token_is_replaced_and_the_new_tokens_are_as_good_as_the_old() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let first = app.tokens(&server);
    let second = app.refresh(&server, text(&first, "refresh_token")).token();
    assert_ne!(text(&first, "refresh_token"), text(&second, "refresh_token"));
    assert_eq!(second["scope"], first["scope"]);
    let (old, new) = (part(text(&first, "id_token"), 1), part(text(&second, "id_token"), 1));
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(old[claim], new[claim], "{claim}");
    }
    assert!(app.is_active(&server, text(&first, "access_token")));
    assert!(app.is_active(&server, text(&second, "access_token")));
}

#[test]
fn a_refresh_token_that_is_used_twice_revokes_its_family() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let first = app.tokens(&server);
    let second = app.refresh(&server, text(&first, "refresh_token")).token();
    assert_eq!(app.refresh(&server, text(&first, "refresh_token")).error(400, "invalid_grant"), INVALID);
    server.logged("the refresh token was used before");
    assert_eq!(app.refresh(&server, text(&second, "refresh_token")).error(400, "invalid_grant"), INVALID);
    for tokens in [&first, &second] {
        assert!(!app.is_active(&server, text(tokens, "access_token")));
        assert!(!app.is_active(&server, text(tokens, "refresh_token")));
    }
}

#[test]
fn a_refresh_token_is_rejected_for_another_client_and_stays_valid_for_its_own() {
    let home = TestHome::new();
    let (a, b) = (Holder::register(&home, "a"), Holder::register(&home, "b"));
    let server = Server::start(&home);
    let tokens = a.tokens(&server);
    let token = text(&tokens, "refresh_token");
    assert_eq!(b.refresh(&server, token).error(400, "invalid_grant"), INVALID);
    a.refresh(&server, token).token();
    assert_eq!(b.refresh(&server, token).error(400, "invalid_grant"), INVALID);
    assert!(a.is_active(&server, text(&tokens, "access_token")), "another client revokes nothing");
}

#[test]
fn the_scope_can_be_narrowed_and_never_widened() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let ask = |token: &str, scope: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        app.post(&server, "/oauth2/token", &fields)
    };
    let tokens = app.tokens(&server);
    ask(text(&tokens, "refresh_token"), "read admin").error(400, "invalid_scope");
    let narrow = ask(text(&tokens, "refresh_token"), "read").token();
    assert_eq!((&narrow["scope"], narrow.get("id_token")), (&"read".into(), None));
    assert_eq!(app.introspect(&server, text(&narrow, "access_token"))["scope"], "read");
    let again = app.refresh(&server, text(&narrow, "refresh_token")).token();
    assert_eq!(again["scope"], "openid read write", "the next token may again be as wide as the grant");
}

#[test]
fn a_rotated_key_ends_nothing() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    drop(server);
    let new = SigningKey::generate(KeyFamily::P256).unwrap();
    std::fs::write(home.conf("app.jwks.json"), json!({ "keys": [new.public_jwk()] }).to_string()).unwrap();
    let new = TestClient::with_key(&home, "app", new);
    let server = Server::start(&home);
    let asked = |token: &str| app.post_with(&server, "/oauth2/introspect", &new.mint(), &[("token", token)]).json();
    for token in ["access_token", "refresh_token"] {
        assert_eq!(asked(text(&tokens, token))["active"], true, "{token}");
    }
    let refresh = |assertion: &str, token: &str| {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        app.post_with(&server, "/oauth2/token", assertion, &fields)
    };
    let token = text(&tokens, "refresh_token");
    refresh(&app.client.mint(), token).error(401, "invalid_client");
    let next = refresh(&new.mint(), token).token();
    refresh(&new.mint(), text(&next, "refresh_token")).token();
}

#[test]
fn a_refresh_token_ends_with_its_users_account() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    assert!(app.is_active(&server, text(&tokens, "refresh_token")));
    home.dropins(&["user", "remove", "admin"]).succeeded();
    assert!(!app.is_active(&server, text(&tokens, "refresh_token")));
    assert_eq!(app.refresh(&server, text(&tokens, "refresh_token")).error(400, "invalid_grant"), INVALID);
}

#[test]
fn a_new_password_revokes_what_was_issued_under_the_old_one() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let (tokens, code) = (app.tokens(&server), app.code());
    std::fs::write(home.path("password"), "battery staple").unwrap();
    let file = home.path("password").to_str().unwrap().to_owned();
    home.dropins(&["user", "passwd", "admin", "--password-file", &file]).succeeded();
    assert_eq!(app.refresh(&server, text(&tokens, "refresh_token")).error(400, "invalid_grant"), INVALID);
    server.logged("the refresh token is revoked");
    assert!(!app.is_active(&server, text(&tokens, "access_token")));
    app.redeem(&server, &code).error(400, "invalid_grant");
    app.tokens(&server);
}

#[test]
fn a_scope_that_the_client_lost_is_not_granted_again() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let ask = |server: &Server, tokens: &Value, scope: &str| {
        let token = text(tokens, "refresh_token");
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
        app.post(server, "/oauth2/token", &fields)
    };
    let tokens = app.tokens(&server);
    let scope = ["read", "write"].map(str::to_owned).to_vec();
    let code = issue_code(&home, Authorization { scope, ..app.authorization() });
    let without = app.redeem(&server, &code).token();
    drop(server);
    home.replace("scope = \"read write\"", "scope = \"read\"");
    let server = Server::start(&home);
    ask(&server, &tokens, "write").error(400, "invalid_scope");
    let less = ask(&server, &tokens, "read write").token();
    assert_eq!(less["scope"], "read");
    let less = ask(&server, &less, "").token();
    assert_eq!(less["scope"], "openid read", "openid needs no registration");
    assert_eq!(app.introspect(&server, text(&less, "access_token"))["scope"], "openid read");
    drop(server);
    home.replace("scope = \"read\"\n", "");
    let server = Server::start(&home);
    let less = ask(&server, &less, "").token();
    assert_eq!(less["scope"], "openid");
    assert_eq!(ask(&server, &without, "").error(400, "invalid_grant"), INVALID);
    server.logged("registered for none of the granted scopes");
    assert!(!app.is_active(&server, text(&without, "refresh_token")));
    drop(server);
    home.replace("client_id = \"app\"", "client_id = \"app\"\nscope = \"read write\"");
    let server = Server::start(&home);
    assert_eq!(ask(&server, &less, "").token()["scope"], "openid read write", "what is given back is there again");
    assert_eq!(ask(&server, &without, "").token()["scope"], "read write", "a rejection consumed nothing");
}

#[test]
fn client_credentials_give_a_refresh_token_where_the_operator_allows_it() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let without = Holder::register_for(&home, "without", "\"client_credentials\"");
    let ask = |server: &Server, holder: &Holder| {
        holder.post(server, "/oauth2/token", &[("grant_type", "client_credentials"), ("scope", "read")]).token()
    };
    let server = Server::start(&home);
    assert!(ask(&server, &app).get("refresh_token").is_none());
    drop(server);
    home.replace("allow_id_token = false", "allow_id_token = false\nallow_refresh_tokens = true");
    let server = Server::start(&home);
    assert!(ask(&server, &without).get("refresh_token").is_none());
    let tokens = ask(&server, &app);
    let refreshed = app.refresh(&server, text(&tokens, "refresh_token")).token();
    assert_eq!(app.introspect(&server, text(&refreshed, "access_token"))["sub"], "app");
    app.refresh(&server, text(&tokens, "refresh_token")).error(400, "invalid_grant");
    assert!(!app.is_active(&server, text(&refreshed, "access_token")));
}
