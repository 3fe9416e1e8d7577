//! `client_secret_basic` and `client_secret_post`, and two methods at once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::http::Answer;
use crate::server::{Server, credential};

/// Characters that both encodings of a credential change.
const SECRET: &str = "s3cr3t: ü+%&=";
const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn register(home: &TestHome, id: &str, method: &str) {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"{method}\"\n\
         grant_types = [\"client_credentials\"]\nclient_secret = \"{SECRET}\"\n"
    ));
}

/// RFC 6749 section 2.3.1: both halves are form-encoded first.
pub(crate) fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

fn by_header(server: &Server, id: &str, secret: &str) -> Answer {
    server.http().send(server.token_request(&[GRANT]).header("authorization", basic(id, secret)))
}

fn by_form(server: &Server, id: &str, secret: &str) -> Answer {
    server.post(&[GRANT, ("client_id", id), ("client_secret", secret)])
}

#[test]
fn a_client_authenticates_with_its_secret_by_its_registered_method_only() {
    let home = TestHome::new();
    register(&home, "basic client", "client_secret_basic");
    register(&home, "post client", "client_secret_post");
    let server = Server::start(&home);
    by_header(&server, "basic client", SECRET).token();
    by_form(&server, "post client", SECRET).token();
    by_header(&server, "post client", SECRET).error(401, "invalid_client");
    by_form(&server, "basic client", SECRET).error(401, "invalid_client");
}

#[test]
fn guesses_of_one_client_from_one_address_are_limited_and_other_clients_are_served() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    register(&home, "basic", "client_secret_basic");
    register(&home, "post", "client_secret_post");
    let server = Server::start(&home);
    for _ in 0..20 {
        by_header(&server, "basic", "wrong").error(401, "invalid_client");
        by_form(&server, "nobody", "wrong").error(401, "invalid_client");
    }
    for answer in [by_header(&server, "basic", SECRET), by_form(&server, "nobody", "wrong")] {
        answer.error(429, "temporarily_unavailable");
        assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()), "{answer:?}");
        assert!(server.logged(&answer.reference()).contains("limited"));
    }
    for _ in 0..25 {
        by_form(&server, "post", SECRET).token();
    }
    server.authenticate(&client.mint()).token();
}

#[test]
fn only_an_authorization_header_is_answered_with_a_challenge() {
    let home = TestHome::new();
    register(&home, "basic", "client_secret_basic");
    register(&home, "post", "client_secret_post");
    let server = Server::start(&home);
    let answer = by_header(&server, "basic", "wrong");
    answer.error(401, "invalid_client");
    assert!(answer.header("www-authenticate").starts_with("Basic "), "{answer:?}");
    let answer = by_form(&server, "post", "wrong");
    answer.error(401, "invalid_client");
    assert_eq!(answer.header("www-authenticate"), "");
    assert_eq!(
        by_form(&server, "nobody", "wrong").error(401, "invalid_client"),
        by_header(&server, "basic", "wrong").error(401, "invalid_client"),
    );
}

#[test]
fn two_methods_at_once_are_rejected_and_do_not_consume_the_assertion() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    register(&home, "basic", "client_secret_basic");
    let server = Server::start(&home);
    let assertion = client.mint();
    let both = server.token_request(&credential(&assertion)).header("authorization", basic("basic", SECRET));
    server.http().send(both).error(400, "invalid_request");
    server.authenticate_with(&assertion, &[("client_secret", SECRET)]).error(400, "invalid_request");
    server
        .http()
        .send(server.token_request(&[GRANT, ("client_secret", SECRET)]).header("authorization", basic("basic", SECRET)))
        .error(400, "invalid_request");
    server.authenticate(&assertion).token();
}

#[test]
fn a_secret_comes_from_the_environment_or_as_a_hash() {
    let home = TestHome::new();
    register(&home, "environment", "client_secret_post");
    home.replace(SECRET, "$env{APP_SECRET}");
    let server = Server::start_with(&home, &[], &[("APP_SECRET", "from outside")]);
    by_form(&server, "environment", "from outside").token();
    by_form(&server, "environment", "$env{APP_SECRET}").error(401, "invalid_client");
    home.dropins(&["check"]).failed(&["APP_SECRET", &home.position("\"$env{APP_SECRET}\"")]);
}
