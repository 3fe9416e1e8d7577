//! The Python package Authlib: authentication, tokens that verify, a rejected replay.

use crate::home::TestHome;
use crate::openid_client::{assert_access_token, job};
use crate::program::{command, install_client, installed, run};
use crate::server::Server;

#[test]
fn authlib_authenticates_and_verifies_the_tokens() {
    if !installed(&["python3"]) {
        return;
    }
    let Some(folder) = install_client("python") else { return };
    let home = TestHome::new();
    let algorithms =
        [("RS256", "rsa-2048"), ("PS256", "rsa-3072"), ("ES256", "p-256"), ("ES512", "p-521"), ("EdDSA", "ed25519")];
    let job = job(&home, &algorithms);
    let _server = Server::start(&home);
    let mut python = command(folder.join("venv/bin/python"));
    let results = run(python.arg(folder.join("authenticate.py")).arg(job)).succeeded().json();
    assert_eq!(results.as_array().unwrap().len(), algorithms.len());
    for result in results.as_array().unwrap() {
        assert_access_token(&home, &result["client_id"], &result["header"], &result["claims"]);
        assert_eq!(result["replay"], "invalid_client");
    }
}
