//! The introspection endpoint (RFC 7662).

use serde_json::json;

use crate::client::now;
use crate::clients::client;
use crate::holder::{Holder, part, text, user};
use crate::home::TestHome;
use crate::server::Server;
use crate::wait::until;

#[test]
fn a_client_is_told_about_its_own_tokens() {
    for kind in ["jwt", "opaque"] {
        let home = TestHome::new();
        home.token_type(kind);
        let app = Holder::register(&home, "app");
        let server = Server::start(&home);
        let tokens = app.tokens(&server);
        let told = app.introspect(&server, text(&tokens, "access_token"));
        let known = [("active", json!(true)), ("sub", json!(user(&home))), ("client_id", json!("app"))];
        for (name, value) in known.into_iter().chain([("scope", json!("openid read write"))]) {
            assert_eq!(told[name], value, "{kind}: {told}");
        }
        assert_eq!((&told["token_type"], &told["iss"]), (&"Bearer".into(), &home.issuer().into()));
        assert_eq!(told["exp"].as_u64().unwrap() - told["iat"].as_u64().unwrap(), 3600);
        let told = app.introspect(&server, text(&tokens, "refresh_token"));
        assert_eq!((&told["active"], &told["sub"]), (&true.into(), &user(&home).into()));
        assert_eq!(told["exp"].as_u64().unwrap() - told["iat"].as_u64().unwrap(), 86_400);
    }
}

#[test]
fn others_are_told_nothing_but_a_resource_server_that_the_operator_names() {
    let home = TestHome::new();
    home.append("[oauth.introspect]\nresource_servers = [\"api\"]");
    let (app, other) = (Holder::register(&home, "app"), Holder::register(&home, "other"));
    let api = Holder::register(&home, "api");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    for token in [text(&tokens, "access_token"), text(&tokens, "refresh_token")] {
        assert_eq!(other.introspect(&server, token), json!({ "active": false }));
        assert_eq!(api.introspect(&server, token)["client_id"], "app");
    }
}

#[test]
fn what_is_no_token_of_this_server_is_not_active() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    let tokens = app.tokens(&server);
    let (id_token, access_token) = (text(&tokens, "id_token"), text(&tokens, "access_token"));
    let mut header = part(access_token, 0);
    header["kid"] = app.client.key.thumbprint().into();
    let forged = app.client.key.compact_jws(&header, &part(access_token, 1)).unwrap();
    for token in ["x", "a.b.c", id_token, &access_token[1..], &format!("{access_token}x"), &app.client.mint(), &forged]
    {
        assert_eq!(app.introspect(&server, token), json!({ "active": false }), "{token}");
    }
}

#[test]
fn a_token_ends_with_its_user_and_pauses_while_the_user_may_not_sign_in() {
    for kind in ["jwt", "opaque"] {
        let home = TestHome::new();
        home.token_type(kind);
        let app = Holder::register(&home, "app");
        let server = Server::start(&home);
        let tokens = app.tokens(&server);
        let own = app.post(&server, "/oauth2/token", &[("grant_type", "client_credentials")]).token();
        let is_active = |token: &str| app.is_active(&server, token);
        for (verb, active) in [("disable", false), ("enable", true), ("remove", false)] {
            home.dropins(&["user", verb, "admin"]).succeeded();
            assert_eq!(is_active(text(&tokens, "access_token")), active, "{kind} {verb}");
            assert_eq!(is_active(text(&tokens, "refresh_token")), active, "{kind} {verb}");
            assert!(is_active(text(&own, "access_token")), "a client of its own needs no user: {kind} {verb}");
        }
    }
}

#[test]
fn a_token_ends_with_its_client_and_a_later_client_of_the_id_inherits_nothing() {
    for kind in ["jwt", "opaque"] {
        let home = TestHome::new();
        home.token_type(kind);
        home.append("[oauth.introspect]\nresource_servers = [\"api\"]");
        let api = Holder::register(&home, "api");
        let app = Holder::store(&home, "app");
        let server = Server::start(&home);
        let (tokens, code) = (app.tokens(&server), app.code());
        let own = app.post(&server, "/oauth2/token", &[("grant_type", "client_credentials")]).token();
        let issued_by = now();
        let given = [text(&tokens, "access_token"), text(&tokens, "refresh_token"), text(&own, "access_token")];
        let becomes = |active: bool| {
            let all = || given.iter().all(|token| api.is_active(&server, token) == active);
            until("what was given is as good as its client", || all().then_some(()));
        };
        becomes(true);
        client(&home, &["update", "app", "--disable"]).succeeded();
        becomes(false);
        client(&home, &["update", "app", "--enable"]).succeeded();
        becomes(true);
        client(&home, &["remove", "app"]).succeeded();
        becomes(false);
        until("the next second has begun: times are seconds", || (now() > issued_by).then_some(()));
        let next = Holder::store(&home, "app");
        let fresh = until("the next client is known", || {
            let answer = next.redeem(&server, &next.code());
            (answer.status == 200).then(|| answer.token())
        });
        assert!(api.is_active(&server, text(&fresh, "access_token")), "{kind}");
        for token in given {
            assert!(!api.is_active(&server, token) && !next.is_active(&server, token), "{kind}");
        }
        next.redeem(&server, &code).error(400, "invalid_grant");
        next.refresh(&server, text(&tokens, "refresh_token")).error(400, "invalid_grant");
    }
}
