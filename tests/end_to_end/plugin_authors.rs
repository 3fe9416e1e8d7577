//! From nothing to a token: `dropins plugin new` in every language, its build, its test, `plugin test`, an installation into
//! a running server, and the page that leads authors along this way.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::home::TestHome;
use crate::program::{DROPINS, Finished, command, installed, run, skip};
use crate::readme::page;
use crate::server::Server;

const PAGE: &str = "docs/tutorial/first-plug-in.md";

/// A shell in a folder that knows `dropins`, and this home if there is one.
fn shell(folder: &Path, home: Option<&TestHome>, line: &str) -> Finished {
    let program = Path::new(DROPINS).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(program.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut command = command("sh");
    // What the tests themselves are built with is nothing to the plug-in.
    for variable in ["CARGO_TARGET_DIR", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "PYTHONPATH"] {
        command.env_remove(variable);
    }
    command.args(["-c", line]).current_dir(folder).env("PATH", path.unwrap());
    if let Some(home) = home {
        command.env("DROPINS_HOME", home.root());
        command.env("CURL_CA_BUNDLE", home.path("repository/resources/security/tls-certificate.pem"));
    }
    run(&mut command)
}

fn text<'a>(steps: &'a Value, name: &str) -> &'a str {
    steps[name].as_str().unwrap()
}

/// A new plug-in, with what `plugin new` said about it.
fn scaffold(root: &Path, language: &str) -> (PathBuf, Value) {
    let line = format!("dropins plugin new acme-badge --lang {language} --json");
    let steps = shell(root, None, &line).succeeded().json();
    let again = shell(root, None, &line).failed(&["acme-badge is there already"]);
    assert!(again.json()["error"].is_string());
    (root.join("acme-badge"), steps)
}

/// Scaffold, build, test, try, install into a running server, enable, a token.
fn lives(language: &str, tools: &[&str]) {
    if !installed(tools) {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, steps) = scaffold(root.path(), language);
    let built = shell(&folder, None, text(&steps, "build"));
    if built.code != Some(0) {
        return skip(&format!("a plug-in in {language} cannot be built: {}{}", built.stdout, built.stderr));
    }
    shell(&folder, None, text(&steps, "test")).succeeded();

    let tried = shell(&folder, None, &format!("{} --runs 20 --json", text(&steps, "try"))).succeeded().json();
    assert_eq!((&tried["outcome"], &tried["conditions"][0]["reason"]), (&"authenticated".into(), &"wrong-key".into()));
    eprintln!("{language}: {} bytes, compiled in {} ms, {}", tried["size"], tried["compile_ms"], tried["numbers"]);

    let home = TestHome::new();
    let server = Server::start(&home);
    let install = text(&steps, "install").replace("HOME", home.root());
    let installed = shell(&folder, None, &install).succeeded().stdout;
    assert!(installed.contains("installed acme_badge"), "{installed}");
    home.append(text(&steps, "enable"));
    home.dropins(&["reload"]).succeeded();
    answers(&server);
    let listed = home.dropins(&["plugin", "list"]).succeeded().stdout;
    assert!(listed.contains("acme_badge"), "{listed}");
}

/// The right key gets a token and no other does; a malformed one is the client's mistake.
fn answers(server: &Server) {
    let send = |key: &str| {
        let request = server.token_request(&[("grant_type", "client_credentials")]);
        server.http().send(request.header("x-api-key", key))
    };
    send("pump-7:drip-drip-drip").token();
    for wrong in ["pump-7:wrong", "other:drip-drip-drip"] {
        send(wrong).error(401, "invalid_client");
    }
    send("pump-7").error(400, "invalid_request");
}

#[test]
fn a_new_plug_in_in_javascript_leads_to_a_token() {
    lives("javascript", &["node", "npm"]);
}

#[test]
fn a_new_plug_in_in_python_leads_to_a_token() {
    lives("python", &["python3"]);
}

/// The commands of a page, each with the lines of a document that it reads to its `END`.
fn commands(page: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut document = false;
    for line in page.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => {
                commands.push(command.to_owned());
                document = command.contains("<<'END'");
            }
            None if document => {
                let command = commands.last_mut().unwrap();
                command.push('\n');
                command.push_str(line);
                document = line != "END";
            }
            None => {}
        }
    }
    commands
}

#[test]
fn every_command_of_the_page_for_authors_works_and_the_last_one_yields_a_token() {
    if !installed(&["cargo", "curl"]) {
        return;
    }
    let (root, home) = (tempfile::tempdir().unwrap(), TestHome::new());
    let server = Server::start(&home);
    let mut folder = root.path().to_owned();
    let mut last = None;
    for command in commands(&page(PAGE)) {
        if let Some(entered) = command.strip_prefix("cd ") {
            folder = folder.join(entered);
            continue;
        }
        // The target is installed where the plug-ins of this repository are built.
        if command.starts_with("rustup ") {
            continue;
        }
        let line = command.replace("localhost:9443", &format!("localhost:{}", home.https.port()));
        let done = shell(&folder, Some(&home), &line);
        assert_eq!(done.code, Some(0), "{command}\n{}\n{}", done.stdout, done.stderr);
        if command.starts_with("dropins plugin test") {
            eprintln!("{}", done.stdout);
        }
        last = Some(done);
    }
    assert!(last.unwrap().json()["access_token"].is_string());
    answers(&server);
}

#[test]
fn a_name_that_no_compiler_takes_is_wrong_usage() {
    let root = tempfile::tempdir().unwrap();
    for name in ["Badge", "../badge", "test"] {
        let refused = shell(root.path(), None, &format!("dropins plugin new {name} --lang rust"));
        assert_eq!(refused.code, Some(2), "{refused:?}");
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
}
