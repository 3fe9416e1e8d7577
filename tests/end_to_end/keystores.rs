//! Client certificates in keystores: the steps of the original documentation with keytool, the verbs of
//! `dropins keystore`, and hostile files.
//!
//! Commands of the pages are word for word, apart from the flags that keep keytool from asking questions.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::documentation::{CLIENT_ID, assertion, make_keys, shell};
use crate::home::TestHome;
use crate::keys::generate;
use crate::program::installed;
use crate::server::Server;
use crate::wait::until;

const PASSWORD: &str = "wso2carbon";

/// The time for a rejection: a start of the program on a busy machine, far less than a billion iterations.
const PROMPT: Duration = Duration::from_secs(60);

/// The last of the documented steps.
const IMPORT: &str = "keytool -import -alias <client_ID> -file nwU59qy9AsDqftmwLcfmkvOhvuYa -keystore <store> \
                      -storepass wso2carbon -noprompt";

/// The key of the server itself, as a default pack has one.
const OWN_KEY: &str = "keytool -genkeypair -alias wso2carbon -keyalg RSA -keystore <store> -storetype <type> \
                       -storepass wso2carbon -keypass wso2carbon -dname CN=localhost,O=WSO2";

/// A home with a primary keystore, which is not made yet.
fn home_with(file: &str) -> TestHome {
    let home = TestHome::new();
    home.append(&format!("[keystore.primary]\nfile_name = \"{file}\"\npassword = \"{PASSWORD}\"\n"));
    home
}

/// A keystore of the home.
fn store(home: &TestHome, file: &str) -> PathBuf {
    home.path("repository/resources/security").join(file)
}

/// Registers a client without any key.
fn register(home: &TestHome, id: &str) {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"client_credentials\"]\n"
    ));
}

/// Runs a command line on a keystore of the home, beside the files of the client's keys.
fn keytool(home: &TestHome, line: &str, file: &str) -> crate::program::Finished {
    let line = line.replace("<client_ID>", CLIENT_ID).replace("<store>", store(home, file).to_str().unwrap());
    shell(&home.conf(""), &line).succeeded()
}

/// A home with the keystore of the server and the documented client, whose keys are made and not imported yet.
fn documented(file: &str, kind: &str) -> Option<TestHome> {
    if !installed(&["keytool", "openssl"]) {
        return None;
    }
    let home = home_with(file);
    make_keys(&home);
    keytool(&home, &OWN_KEY.replace("<type>", kind), file);
    register(&home, CLIENT_ID);
    Some(home)
}

fn documented_steps(file: &str, kind: &str) {
    let Some(home) = documented(file, kind) else { return };
    keytool(&home, IMPORT, file);
    let server = Server::start(&home);
    server.authenticate(&assertion(&home, "10003")).token();
    server.authenticate(&assertion(&home, "10003")).error(401, "invalid_client");
    server.authenticate(&assertion(&home, "10004")).token();
    let shown = home.dropins(&["client", "show", CLIENT_ID, "--json"]).succeeded().json();
    let source = shown["keys"][0]["source"].as_str().unwrap();
    assert!(source.contains(file), "{source}");
    shell(&home.conf(""), "openssl genrsa -out privatekey.pem 2048").succeeded();
    server.authenticate(&assertion(&home, "10005")).error(401, "invalid_client");
}

#[test]
fn the_documented_steps_with_a_jks_keystore_lead_to_a_token() {
    documented_steps("wso2carbon.jks", "JKS");
}

#[test]
fn the_documented_steps_with_a_pkcs12_keystore_lead_to_a_token() {
    documented_steps("wso2carbon.p12", "PKCS12");
}

#[test]
fn a_certificate_in_the_truststore_authenticates() {
    if !installed(&["keytool", "openssl"]) {
        return;
    }
    let home = TestHome::new();
    home.append(&format!("[truststore]\nfile_name = \"client-truststore.jks\"\npassword = \"{PASSWORD}\"\n"));
    make_keys(&home);
    let line = "keytool -importcert -alias <client_ID> -file pubcert.pem -keystore <store> -storepass wso2carbon \
                -noprompt -storetype JKS";
    keytool(&home, line, "client-truststore.jks");
    register(&home, CLIENT_ID);
    Server::start(&home).authenticate(&assertion(&home, "10003")).token();
}

#[test]
fn an_import_and_a_removal_are_seen_by_the_running_server() {
    for (file, kind) in [("wso2carbon.jks", "JKS"), ("wso2carbon.p12", "PKCS12")] {
        let Some(home) = documented(file, kind) else { return };
        let server = Server::start(&home);
        let mut serial = 0;
        let mut status = || {
            serial += 1;
            server.authenticate(&assertion(&home, &format!("jti-{serial}"))).status
        };
        assert_eq!(status(), 401, "{file}");
        let certificate = home.conf("pubcert.pem");
        let import = ["keystore", "import", "--alias", CLIENT_ID, "--file", certificate.to_str().unwrap()];
        home.dropins(&import).succeeded();
        until("the certificate counts", || (status() == 200).then_some(()));
        home.dropins(&["keystore", "remove", "--alias", CLIENT_ID]).succeeded();
        until("the certificate counts no more", || (status() == 401).then_some(()));
    }
}

#[test]
fn clients_whose_ids_differ_in_case_alone_do_not_share_a_keystore_entry() {
    let home = home_with("wso2carbon.p12");
    generate(&home, "app", "p-256");
    let certificate = home.conf("app.pem");
    let import = ["keystore", "import", "--alias", "app", "--file", certificate.to_str().unwrap()];
    home.dropins(&import).succeeded();
    register(&home, "app");
    home.dropins(&["client", "add", "APP"]).failed(&["differ in case alone", "\"APP\" and \"app\""]);
    home.dropins(&["client", "add", "other"]).succeeded();
    home.dropins(&["check"]).succeeded();
    let first = home.position("[[service_provider]]\nclient_id = \"app\"");
    register(&home, "APP");
    let line = first.split(':').next().unwrap();
    home.dropins(&["check"]).failed(&["differ in case alone", &format!("the first of them is defined at line {line}")]);
}

#[test]
fn a_key_entry_of_the_server_never_authenticates_a_client() {
    for file in ["TodayApp.jks", "TodayApp.p12"] {
        if !installed(&["keytool", "openssl"]) {
            return;
        }
        let home = home_with(file);
        make_keys(&home);
        std::fs::copy(home.conf(file), store(&home, file)).unwrap();
        register(&home, CLIENT_ID);
        let server = Server::start(&home);
        server.authenticate(&assertion(&home, "10003")).error(401, "invalid_client");
        let remove = ["keystore", "remove", "--alias", CLIENT_ID];
        home.dropins(&remove).failed(&["--force"]);
    }
}

#[test]
fn the_verbs_show_what_keytool_shows_and_keytool_reads_what_they_write() {
    for (file, kind) in [("wso2carbon.jks", "JKS"), ("wso2carbon.p12", "PKCS12")] {
        let Some(home) = documented(file, kind) else { return };
        keytool(&home, IMPORT, file);
        let keystore = |line: &[&str]| home.dropins(&[&["keystore"], line].concat());
        let theirs = keytool(&home, "keytool -list -keystore <store> -storepass wso2carbon", file).stdout;
        let ours = keystore(&["list"]).succeeded().stdout;
        for common in [&format!("Keystore type: {kind}"), "Your keystore contains 2 entries", "trustedCertEntry"] {
            assert!(theirs.contains(common) && ours.contains(common), "`{common}`\n{theirs}\n{ours}");
        }
        for fingerprint in theirs.lines().filter(|line| line.starts_with("Certificate fingerprint (SHA-256)")) {
            assert!(ours.contains(fingerprint), "`{fingerprint}`\n{ours}");
        }
        let list = keystore(&["list", "--json"]).succeeded().json();
        assert_eq!(list["entries"].as_array().unwrap().len(), 2, "{list}");

        let view = keystore(&["view", "--alias", CLIENT_ID]).succeeded().stdout;
        for part in
            ["Alias name: ", "Entry type: trustedCertEntry", "Owner: ", "CN=hasintha", "Valid from: ", "SHA256: "]
        {
            assert!(view.contains(part), "`{part}`\n{view}");
        }
        let exported = keystore(&["export", "--alias", CLIENT_ID]).succeeded().stdout;
        std::fs::write(home.conf("exported.pem"), &exported).unwrap();
        let der = shell(&home.conf(""), "openssl x509 -in exported.pem -outform der -out exported.der");
        der.succeeded();
        let original = std::fs::read(home.conf(CLIENT_ID)).unwrap();
        assert_eq!(std::fs::read(home.conf("exported.der")).unwrap(), original, "{file}");

        let before = std::fs::read(store(&home, file)).unwrap();
        keystore(&["remove", "--alias", CLIENT_ID]).succeeded();
        keystore(&["view", "--alias", CLIENT_ID]).failed(&["no entry"]);
        assert_eq!(std::fs::read(store(&home, &format!("{file}.bak"))).unwrap(), before);
        let exported = home.conf("exported.pem");
        keystore(&["import", "--alias", "Another", "--file", exported.to_str().unwrap()]).succeeded();
        let theirs = keytool(&home, "keytool -list -keystore <store> -storepass wso2carbon", file).stdout;
        assert!(theirs.contains("another,") && theirs.contains("wso2carbon,"), "{theirs}");
    }
}

/// `serve` rejects the home at once, with these parts in its message.
#[track_caller]
fn refused_at_once(home: &TestHome, parts: &[&str]) {
    let began = Instant::now();
    home.dropins(&["serve"]).failed(parts);
    assert!(began.elapsed() < PROMPT, "{:?}", began.elapsed());
}

#[test]
fn a_short_jks_file_with_a_huge_count_is_rejected_at_once() {
    let home = home_with("wso2carbon.jks");
    // Magic number, version 2, the largest number of entries, and none of them.
    let mut bytes = [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0x7F, 0xFF, 0xFF, 0xFF].to_vec();
    bytes.resize(100, 0);
    std::fs::write(store(&home, "wso2carbon.jks"), bytes).unwrap();
    refused_at_once(&home, &["[keystore.primary]", "wso2carbon.jks", "2147483647 entries"]);
}

#[test]
fn a_pkcs12_file_with_a_billion_iterations_is_rejected_at_once() {
    let home = home_with("wso2carbon.p12");
    generate(&home, "app", "p-256");
    let certificate = home.conf("app.pem");
    home.dropins(&["keystore", "import", "--alias", "app", "--file", certificate.to_str().unwrap()]).succeeded();
    let path = store(&home, "wso2carbon.p12");
    let bytes = with_a_billion_iterations(std::fs::read(&path).unwrap());
    std::fs::write(&path, bytes).unwrap();
    refused_at_once(&home, &["[keystore.primary]", "wso2carbon.p12", "1000010000 iterations"]);
}

/// The same PKCS#12 file with a larger number at its very end: the iterations of its MAC (RFC 7292 section 4).
fn with_a_billion_iterations(mut bytes: Vec<u8>) -> Vec<u8> {
    /// The digest in `MacData` begins with the identifier of SHA-256.
    const DIGEST: [u8; 15] = [0x30, 0x31, 0x30, 0x0D, 0x06, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
    assert!(bytes.ends_with(&[0x02, 0x02, 0x27, 0x10]), "10000 iterations");
    bytes.truncate(bytes.len() - 4);
    bytes.extend([0x02, 0x04, 0x3B, 0x9A, 0xCA, 0x00]);
    // Both structures around the number are two bytes longer now.
    let digest = bytes.windows(DIGEST.len()).rposition(|part| part == DIGEST).unwrap();
    bytes[digest - 1] += 2;
    assert_eq!(bytes[..2], [0x30, 0x82]);
    let length = u16::from_be_bytes([bytes[2], bytes[3]]) + 2;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[test]
fn a_keystore_that_is_missing_or_has_another_password_is_a_clear_rejection() {
    let home = home_with("wso2carbon.p12");
    refused_at_once(&home, &["[keystore.primary]", "wso2carbon.p12"]);
    generate(&home, "app", "p-256");
    let certificate = home.conf("app.pem");
    home.dropins(&["keystore", "import", "--alias", "app", "--file", certificate.to_str().unwrap()]).succeeded();
    home.replace("password = \"wso2carbon\"", "password = \"another\"");
    refused_at_once(&home, &["[keystore.primary]", "the password is wrong"]);
}
