//! Plug-ins of other toolchains, JavaScript on QuickJS and Python, built from the sources in tests/clients: they pass the
//! canary and authenticate a client, on default limits.

use crate::home::TestHome;
use crate::program::{install_client, installed};
use crate::server::Server;

const SECRET: &str = "a-secret-that-is-long-enough";

/// Installs the plug-in that is built there, and has it authenticate a client.
fn authenticates(language: &str, tools: &[&str], method: &str) {
    let Some(folder) = installed(tools).then(|| install_client(language)).flatten() else { return };
    let home = TestHome::new();
    home.append(&format!("[[event_listener]]\nid = \"{method}\"\nfile = \"plugin.wasm\"\norder = 1\nenable = true"));
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"app\"\nclient_secret = \"{SECRET}\"\n\
         token_endpoint_auth_method = \"{method}\"\ngrant_types = [\"client_credentials\"]"
    ));
    home.dropins(&["plugin", "install", folder.join("plugin.wasm").to_str().unwrap()]).succeeded();
    let server = Server::start(&home);
    let send = |key: &str| {
        let request = server.token_request(&[("grant_type", "client_credentials")]);
        server.http().send(request.header("x-api-key", key))
    };
    send(&format!("app:{SECRET}")).token();
    for wrong in ["app:wrong", "other:wrong", "app"] {
        send(wrong).error(401, "invalid_client");
    }
    let listed = home.dropins(&["plugin", "list"]).succeeded().stdout;
    assert!(listed.contains(method), "{listed}");
}

#[test]
fn a_plug_in_in_javascript_authenticates_a_client() {
    authenticates("plugin-js", &["node", "npm"], "api_key_javascript");
}

#[test]
fn a_plug_in_in_python_authenticates_a_client() {
    authenticates("plugin-py", &["python3"], "api_key_python");
}
