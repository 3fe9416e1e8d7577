//! A broken home: every mistake is reported at once with its place, and nothing is served.

use std::net::{TcpListener, TcpStream};

use crate::client::TestClient;
use crate::home::TestHome;
use crate::program::Finished;
use crate::server::Server;

/// The entry that a WSO2 Identity Server has, word for word.
const WSO2_LISTENER: &str = r#"[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = "899"
enable = true
[event_listener.properties]
PreventTokenReuse = true
RejectBeforeInMinutes = "100"
TokenEndpointAlias = "sampleurl"     # a string or an array of strings
EnableCacheForJTI = true"#;

/// The form of old pages, with the spelling of their table.
const FLAT_LISTENER: &str = r#"[[event_listener]]
id = "private_key_jwt_authenticator"
type = "org.wso2.carbon.identity.core.handler.AbstractIdentityHandler"
name = "org.wso2.carbon.identity.oauth2.token.handler.clientauth.jwt.PrivateKeyJWTClientAuthenticator"
order = "899"
preventTokenReuse= true
RejectBeforeInMinutes= "100"
TokenEndPointAlias= "sampleurl""#;

/// `serve` does not start and says all of this; `check` agrees.
#[track_caller]
fn refused(home: &TestHome, parts: &[&str]) -> Finished {
    home.dropins(&["check"]).failed(parts);
    let serve = home.dropins(&["serve"]).failed(parts);
    assert_eq!(serve.stdout, "", "nothing is served");
    assert!(TcpStream::connect(home.https).is_err() && TcpStream::connect(home.admin).is_err());
    serve
}

#[test]
fn the_listener_entry_of_wso2_enables_the_plug_in() {
    for entry in [WSO2_LISTENER, FLAT_LISTENER] {
        let home = TestHome::new();
        let client = TestClient::register(&home, "app");
        home.replace_listener(entry);
        home.replace("timeout = 300\ncapacity = 5000", "timeout = \"10\"\ncapacity = \"5000\"");
        let server = Server::start(&home);
        let assertion = client.assertion().claim("aud", "sampleurl").sign();
        server.authenticate(&assertion).token();
        server.authenticate(&assertion).error(401, "invalid_client");
        let old = client.assertion().claim("iat", crate::client::now() - 101 * 60);
        server.authenticate(&old.sign()).error(401, "invalid_client");
        let young = client.assertion().claim("iat", crate::client::now() - 99 * 60);
        server.authenticate(&young.sign()).token();
    }
}

#[test]
fn three_mistakes_are_reported_at_once_with_line_and_column() {
    let home = TestHome::new();
    home.replace("hostname = \"localhost\"\n", "hostnam = \"localhost\"\n");
    home.replace("timestamp_skew = \"30s\"", "timestamp_skew = \"soon\"");
    home.replace(&format!("listen = \"{}\"\nenabled = true", home.https), "listen = \"nowhere\"\nenabled = true");
    let places =
        ["hostnam = ", "\"soon\"", "\"nowhere\""].map(|part| format!("deployment.toml:{}", home.position(part)));
    refused(&home, &[&places[0], &places[1], &places[2], "did you mean `hostname`?"]);
    let json = home.dropins(&["check", "--json"]);
    assert_eq!(json.code, Some(1));
    let json = json.json();
    assert_eq!(json["ok"], false);
    let found: Vec<_> = json["problems"].as_array().unwrap().iter().collect();
    for place in &places {
        let of = |problem: &serde_json::Value| format!("deployment.toml:{}:{}", problem["line"], problem["column"]);
        assert!(found.iter().any(|problem| of(problem) == *place), "{place} is missing in {found:?}");
    }
}

#[test]
fn wrong_properties_are_reported_at_their_place() {
    let home = TestHome::new();
    home.replace("RejectBeforeInMinutes = 300", "RejectBeforeInMinutes = \"often\"\nPreventTokenReus = true");
    home.replace("EnableCacheForJTI = true", "EnableCacheForJTI = 7");
    let places = ["RejectBeforeInMinutes = ", "PreventTokenReus =", "EnableCacheForJTI = "];
    let lines = places.map(|part| format!("deployment.toml:{}", home.position(part).split_once(':').unwrap().0));
    refused(&home, &[&lines[0], &lines[1], &lines[2], "PreventTokenReuse", "0 (off) to 525600"]);
}

#[test]
fn a_home_without_a_configuration_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_str().unwrap();
    crate::program::dropins(&["serve", "--home", root]).failed(&["deployment.toml", "dropins init", root]);
}

#[test]
fn a_missing_component_is_named() {
    let home = TestHome::new();
    std::fs::remove_file(home.dropin("private_key_jwt_authenticator.wasm")).unwrap();
    let place = format!("deployment.toml:{}", home.position("name = \"org.wso2").split_once(':').unwrap().0);
    refused(&home, &["PrivateKeyJWTClientAuthenticator", &place]);

    let home = TestHome::new();
    std::fs::remove_file(home.dropin("client_secret_authenticator.wasm")).unwrap();
    refused(&home, &["client_secret_authenticator.wasm"]);
}

#[test]
fn a_corrupt_component_is_named_with_the_reason() {
    for (bytes, reason) in [(&b"not a component"[..], ""), (b"", ""), (b"\0asm\x01\0\0\0", "component")] {
        let home = TestHome::new();
        std::fs::write(home.dropin("private_key_jwt_authenticator.wasm"), bytes).unwrap();
        refused(&home, &["private_key_jwt_authenticator.wasm", reason]);
    }
    let home = TestHome::new();
    let file = home.dropin("private_key_jwt_authenticator.wasm");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    refused(&home, &["private_key_jwt_authenticator.wasm"]);
}

#[test]
fn a_corrupt_component_that_no_listener_names_is_a_warning() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    std::fs::write(home.dropin("unused.wasm"), "not a component").unwrap();
    let server = Server::start(&home);
    server.authenticate(&client.mint()).token();
    server.logged("unused.wasm");
}

#[test]
fn a_port_in_use_is_named_with_its_setting() {
    let home = TestHome::new();
    for (address, setting) in [(home.https, "transport.https.listen"), (home.admin, "transport.admin.listen")] {
        let _taken = TcpListener::bind(address).unwrap();
        let serve = home.dropins(&["serve"]).failed(&[setting, &address.to_string(), "in use"]);
        assert_eq!(serve.stdout, "");
    }
    Server::start(&home);
}

#[test]
fn a_database_that_cannot_be_used_is_named_with_the_reason() {
    let home = TestHome::new();
    let database = home.path("repository/database/identity.db");
    std::fs::create_dir(&database).unwrap();
    refused(&home, &["identity.db"]);
    std::fs::remove_dir(&database).unwrap();

    std::fs::write(&database, "this is not a database, but a text that is long enough ".repeat(100)).unwrap();
    refused(&home, &["identity.db", "not an intact SQLite database"]);
    std::fs::remove_file(&database).unwrap();

    std::fs::remove_dir(home.path("repository/database")).unwrap();
    refused(&home, &["identity.db", "folder"]);
}

#[test]
fn a_database_that_is_not_writable_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let home = TestHome::new();
    home.dropins(&["client", "list"]).succeeded();
    let database = home.path("repository/database/identity.db");
    let read_only = |mode| std::fs::set_permissions(&database, PermissionsExt::from_mode(mode)).unwrap();
    read_only(0o444);
    if std::fs::OpenOptions::new().append(true).open(&database).is_ok() {
        // Permissions do not bind root; the other kinds of failure are tested above.
        return;
    }
    refused(&home, &["identity.db", "cannot be written"]);
}

#[test]
fn missing_keys_of_the_server_and_of_a_client_are_named() {
    let home = TestHome::new();
    std::fs::remove_file(home.path("repository/resources/security/token-signing-key.pem")).unwrap();
    refused(&home, &["token-signing-key.pem"]);
    dropins_keys_again(&home);

    TestClient::register(&home, "app");
    std::fs::remove_file(home.conf("app.jwks.json")).unwrap();
    let place = format!("deployment.toml:{}", home.position("\"app.jwks.json\""));
    refused(&home, &["app.jwks.json", "`app`", &place]);
}

/// `init --force` makes missing keys.
fn dropins_keys_again(home: &TestHome) {
    let text = home.deployment();
    home.dropins(&["init", "--force"]).succeeded();
    home.write_deployment(&text);
    home.dropins(&["check"]).succeeded();
}

#[test]
fn a_property_of_the_command_line_is_in_the_configuration() {
    let home = TestHome::new();
    home.replace("hostname = \"localhost\"", "hostname = \"$sys{my.host}\"");
    refused(&home, &["my.host"]);
    let server = Server::start_with(&home, &["-D", "my.host=localhost"], &[]);
    assert_eq!(server.get("/.well-known/openid-configuration").json()["issuer"], home.issuer());
}

#[test]
fn hang_up_reloads_a_good_configuration_and_keeps_the_old_one_when_the_new_one_is_bad() {
    let home = TestHome::new();
    let server = Server::start(&home);
    let client = TestClient::register(&home, "late");
    server.authenticate(&client.mint()).error(401, "invalid_client");
    server.signal("HUP");
    server.logged("reloaded");
    server.authenticate(&client.mint()).token();

    home.replace("[logging]", "[loging]");
    server.signal("HUP");
    server.logged("loging");
    server.authenticate(&client.mint()).token();
}
