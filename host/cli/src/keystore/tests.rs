//! The verbs against a store in a folder.

use super::*;
use crate::keys::Pair;
use clap::Parser as _;
use dropins_keys::KeyFamily;
use dropins_keys::keystore::certificate_to_import;

#[derive(clap::Parser)]
struct Line {
    #[command(subcommand)]
    verb: Keystore,
}

/// Runs a line against `store.p12` in the folder.
fn run(folder: &tempfile::TempDir, line: &str) -> Result<(), String> {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let words = line
        .split(' ')
        .map(|word| if word.ends_with(".pem") || word.ends_with(".der") { path(word) } else { word.to_owned() });
    let store = ["--keystore".to_owned(), path("store.p12"), "--storepass".to_owned(), "secret1".to_owned()];
    let line = Line::parse_from(["keystore".to_owned()].into_iter().chain(words).chain(store));
    line.verb.run().map(|_| ()).map_err(|error| format!("{error:#}"))
}

fn folder_with_certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.pem", "b.pem"] {
        let pair = Pair::generate(KeyFamily::P256, name, 100).unwrap();
        fs::write(folder.path().join(name), pair.certificate.unwrap()).unwrap();
    }
    folder
}

fn read(folder: &tempfile::TempDir, name: &str) -> Vec<u8> {
    fs::read(folder.path().join(name)).unwrap()
}

#[test]
fn a_certificate_goes_in_is_seen_and_comes_out_the_same() {
    let folder = folder_with_certificates();
    run(&folder, "import --alias Client --file a.pem").unwrap();
    for line in ["list", "list --json", "view --alias client", "view --alias Client --json"] {
        run(&folder, line).unwrap();
    }
    run(&folder, "export --alias Client --file out.pem").unwrap();
    run(&folder, "export --alias Client --file out.der --der").unwrap();
    let imported = |name: &str| certificate_to_import(&read(&folder, name)).unwrap();
    assert_eq!(imported("a.pem"), imported("out.pem"));
    assert_eq!(imported("a.pem"), read(&folder, "out.der"));
    assert!(run(&folder, "export --alias Client --file out.pem").unwrap_err().contains("choose another name"));
    run(&folder, "remove --alias CLIENT").unwrap();
    assert!(run(&folder, "view --alias Client").unwrap_err().contains("no entry"));
}

#[test]
fn an_alias_that_is_taken_is_replaced_only_by_force_and_the_previous_file_stays() {
    let folder = folder_with_certificates();
    run(&folder, "import --alias Client --file a.pem").unwrap();
    let before = read(&folder, "store.p12");
    let error = run(&folder, "import --alias client --file b.pem").unwrap_err();
    assert!(error.contains("--force") && error.contains("store.p12"), "{error}");
    assert_eq!(read(&folder, "store.p12"), before);
    run(&folder, "import --alias client --file b.pem --force").unwrap();
    assert_eq!(read(&folder, "store.p12.bak"), before);
}

#[test]
fn what_is_no_certificate_and_what_is_no_store_is_explained() {
    let folder = folder_with_certificates();
    fs::write(folder.path().join("key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
    assert!(run(&folder, "import --alias c --file key.pem").unwrap_err().contains("PRIVATE KEY"));
    assert!(run(&folder, "import --alias c --file none.pem").unwrap_err().contains("none.pem cannot be read"));
    assert!(!folder.path().join("store.p12").exists());
    assert!(run(&folder, "list").unwrap_err().contains("store.p12"));
    assert!(run(&folder, "remove --alias c").unwrap_err().contains("there is no keystore"));
    fs::write(folder.path().join("store.p12"), "text").unwrap();
    assert!(run(&folder, "list").unwrap_err().contains("neither JKS nor PKCS#12"));
}

#[test]
fn control_characters_of_an_alias_are_not_printed() {
    assert_eq!(printable("a\n\u{1b}[1mé"), "a\\n\\u{1b}[1mé");
}
