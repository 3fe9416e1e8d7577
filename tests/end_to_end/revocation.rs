//! The revocation endpoint (RFC 7009).

use reqwest::Method;

use crate::holder::{Holder, text};
use crate::home::TestHome;
use crate::http::{Answer, Request};
use crate::server::Server;

fn revoke(holder: &Holder, server: &Server, token: &str) -> Answer {
    let answer = holder.post(server, "/oauth2/revoke", &[("token", token), ("token_type_hint", "access_token")]);
    assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
    answer
}

#[test]
fn a_refresh_token_takes_its_family_with_it_and_an_access_token_goes_alone() {
    for kind in ["jwt", "opaque"] {
        let home = TestHome::new();
        home.token_type(kind);
        let app = Holder::register(&home, "app");
        let server = Server::start(&home);
        let first = app.tokens(&server);
        assert_eq!(text(&first, "access_token").starts_with("dropins_access_"), kind == "opaque");
        let second = app.refresh(&server, text(&first, "refresh_token")).token();
        revoke(&app, &server, text(&first, "access_token"));
        revoke(&app, &server, text(&first, "access_token"));
        assert!(!app.is_active(&server, text(&first, "access_token")), "{kind}");
        assert!(app.is_active(&server, text(&second, "access_token")), "{kind}");
        revoke(&app, &server, text(&second, "refresh_token"));
        assert!(!app.is_active(&server, text(&second, "access_token")), "{kind}");
        app.refresh(&server, text(&second, "refresh_token")).error(400, "invalid_grant");
    }
}

#[test]
fn an_unknown_token_and_one_of_another_client_are_answered_alike_and_stay_as_they_are() {
    let home = TestHome::new();
    let (a, b) = (Holder::register(&home, "a"), Holder::register(&home, "b"));
    let server = Server::start(&home);
    let tokens = a.tokens(&server);
    for token in [text(&tokens, "access_token"), text(&tokens, "refresh_token"), "unknown", "a.b.c"] {
        revoke(&b, &server, token);
    }
    assert!(a.is_active(&server, text(&tokens, "access_token")));
    a.refresh(&server, text(&tokens, "refresh_token")).token();
}

#[test]
fn the_request_is_read_and_its_client_authenticated_as_at_the_token_endpoint() {
    let home = TestHome::new();
    let app = Holder::register(&home, "app");
    let server = Server::start(&home);
    for path in ["/oauth2/revoke", "/oauth2/introspect", "/oauth2/par"] {
        let url = server.url(path);
        let get = server.http().send(Request::new(Method::GET, &url));
        get.error(405, "invalid_request");
        assert_eq!(get.header("allow"), "POST");
        let form = |fields: &[(&str, &str)]| server.http().send(Request::form(&url, fields));
        form(&[("token", "x"), ("response_type", "code")]).error(401, "invalid_client");
        form(&[("token", "x"), ("token", "x")]).error(400, "invalid_request");
        server.http().send(Request::form(format!("{url}?token=x"), &[])).error(400, "invalid_request");
        if path != "/oauth2/par" {
            app.post(&server, path, &[]).error(400, "invalid_request");
        }
        // Its own URL is an audience, the URLs of other endpoints are not.
        let own = app.client.assertion().claim("aud", format!("{}{path}", home.issuer())).sign();
        assert_ne!(app.post_with(&server, path, &own, &[("token", "x")]).status, 401, "{path}");
        app.post_with(&server, path, &own, &[("token", "x")]).error(401, "invalid_client");
        let token = app.client.assertion().claim("aud", home.token_endpoint()).sign();
        assert_ne!(app.post_with(&server, path, &token, &[("token", "x")]).status, 401, "{path}");
        let other = app.client.assertion().claim("aud", format!("{}/oauth2/other", home.issuer())).sign();
        app.post_with(&server, path, &other, &[("token", "x")]).error(401, "invalid_client");
    }
}
