//! The programs of `dropins assertion mint --show`, run as they are printed.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::home::TestHome;
use crate::keys::{generate, register};
use crate::program::{Finished, command, install_client, installed, run};
use crate::server::Server;

const ALGORITHMS: [(&str, &str); 4] =
    [("ES256", "p-256"), ("PS256", "rsa-2048"), ("RS256", "rsa-2048"), ("EdDSA", "ed25519")];

/// A home with one client for each algorithm.
fn home() -> TestHome {
    let home = TestHome::new();
    for (algorithm, kind) in ALGORITHMS {
        let id = format!("client-{algorithm}");
        generate(&home, &id, kind);
        register(&home, &id, "jwks_file", &format!("{id}.jwks.json"));
    }
    home
}

fn program(home: &TestHome, language: &str, algorithm: &str) -> String {
    let id = format!("client-{algorithm}");
    let key = home.conf(&format!("{id}-private.pem"));
    let line = ["assertion", "mint", &id, "--key", key.to_str().unwrap(), "--algorithm", algorithm, "--show", language];
    home.dropins(&line).succeeded().stdout
}

/// Every program of a language, written to a file of this name and run, gets a token.
fn each_gets_a_token(language: &str, folder: &Path, name: &str, run_file: impl Fn(&TestHome, &Path) -> Finished) {
    let home = home();
    let _server = Server::start(&home);
    for (algorithm, _) in ALGORITHMS {
        let file = folder.join(name);
        fs::write(&file, program(&home, language, algorithm)).unwrap();
        let answer = run_file(&home, &file).succeeded().json();
        assert_eq!(answer["token_type"], "Bearer", "{language} {algorithm}: {answer}");
    }
}

#[test]
fn the_line_for_curl_gets_a_token() {
    if !installed(&["curl"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    each_gets_a_token("curl", folder.path(), "client.sh", |_, file| run(command("sh").arg(file)));
}

#[test]
fn the_program_for_node_gets_a_token() {
    if !installed(&["node", "npm"]) {
        return;
    }
    let Some(folder) = install_client("node") else { return };
    each_gets_a_token("node", &folder, "snippet.mjs", |home, file| {
        run(command("node").arg(file).env("NODE_EXTRA_CA_CERTS", home.authority()))
    });
}

#[test]
fn the_program_for_python_gets_a_token() {
    if !installed(&["python3"]) {
        return;
    }
    let Some(folder) = install_client("python") else { return };
    each_gets_a_token(
        "python",
        &folder,
        "snippet.py",
        |_, file| run(command(folder.join("venv/bin/python")).arg(file)),
    );
}

#[test]
fn the_program_for_java_gets_a_token() {
    if !installed(&["java", "javac"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    each_gets_a_token("java", folder.path(), "Client.java", |_, file| run(command("java").arg(file)));
}

#[test]
fn the_programs_that_are_not_run_here_are_whole() {
    let home = home();
    for (language, parts) in [
        ("go", ["package main", "jwt.GetSigningMethod(\"ES256\")", "token.SignedString(key)"]),
        ("csharp", ["ECDsa.Create()", "new ECDsaSecurityKey(key)", "\"ES256\""]),
    ] {
        let program = program(&home, language, "ES256");
        for part in parts {
            assert!(program.contains(part), "{part} is missing in\n{program}");
        }
    }
    let key = home.conf("client-EdDSA-private.pem");
    let line = ["assertion", "mint", "client-EdDSA", "--key", key.to_str().unwrap(), "--show", "csharp"];
    home.dropins(&line).failed(&["C#", "EdDSA"]);
    if installed_quietly("gofmt") {
        let file = home.path("client.go");
        fs::write(&file, program(&home, "go", "ES256")).unwrap();
        assert_eq!(run(Command::new("gofmt").arg("-l").arg(file)).succeeded().stdout, "");
    }
}

fn installed_quietly(tool: &str) -> bool {
    Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().is_ok_and(|found| found.status.success())
}
