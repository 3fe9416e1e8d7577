//! The introspection endpoint (RFC 7662).

use serde_json::json;

use crate::holder::{Holder, part, text, user};
use crate::home::TestHome;
use crate::server::Server;

#[test]
fn a_client_is_told_about_its_own_tokens() {
    for kind in ["jwt", "opaque"] {
        let home = TestHome::new();
        home.replace("[oauth]", &format!("[oauth]\ntoken_type = \"{kind}\""));
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
