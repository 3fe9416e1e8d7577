//! `keys generate` and `assertion mint`: every kind of key, registered in both forms, with every algorithm.

use std::os::unix::fs::PermissionsExt as _;

use crate::home::TestHome;
use crate::program::{Finished, command, dropins, installed, run};
use crate::server::Server;

const RSA: &[&str] = &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
const KINDS: [(&str, &[&str]); 7] = [
    ("rsa-2048", RSA),
    ("rsa-3072", RSA),
    ("rsa-4096", RSA),
    ("p-256", &["ES256"]),
    ("p-384", &["ES384"]),
    ("p-521", &["ES512"]),
    ("ed25519", &["EdDSA", "Ed25519"]),
];

/// Makes a key pair beside the configuration.
pub(crate) fn generate(home: &TestHome, id: &str, kind: &str) {
    let conf = home.conf("");
    dropins(&["keys", "generate", "--client-id", id, "--type", kind, "--out", conf.to_str().unwrap()]).succeeded();
}

/// Registers the public half of a pair that was generated, by one of its files.
pub(crate) fn register(home: &TestHome, id: &str, key: &str, file: &str) {
    home.append(&format!(
        "[[service_provider]]\nclient_id = \"{id}\"\ntoken_endpoint_auth_method = \"private_key_jwt\"\n\
         grant_types = [\"client_credentials\"]\n{key} = \"{file}\"\n"
    ));
}

fn mint(home: &TestHome, id: &str, kind: &str, further: &[&str]) -> Finished {
    let key = home.conf(&format!("{kind}-private.pem"));
    let verb = ["assertion", "mint", "--client-id", id, "--key", key.to_str().unwrap()];
    home.dropins(&[&verb[..], further].concat())
}

#[test]
fn every_kind_of_key_authenticates_with_every_algorithm() {
    let home = TestHome::new();
    for (kind, _) in KINDS {
        generate(&home, kind, kind);
        register(&home, &format!("{kind} by certificate"), "certificate_file", &format!("{kind}.pem"));
        register(&home, &format!("{kind} by jwks"), "jwks_file", &format!("{kind}.jwks.json"));
    }
    let server = Server::start(&home);
    for (kind, algorithms) in KINDS {
        for form in ["certificate", "jwks"] {
            let id = format!("{kind} by {form}");
            for algorithm in algorithms {
                let assertion = mint(&home, &id, kind, &["--algorithm", algorithm]).succeeded().line();
                let answer = server.authenticate(&assertion);
                assert_eq!(answer.status, 200, "{id}, {algorithm}: {answer:?}");
            }
            let assertion = mint(&home, &id, kind, &[]).succeeded().line();
            server.authenticate(&assertion).token();
        }
    }
}

#[test]
fn guest_verification_gives_the_same_verdicts_where_it_can() {
    let home = TestHome::new();
    home.replace("EnableCacheForJTI = true", "EnableCacheForJTI = true\nSignatureVerification = \"guest\"");
    home.detail_errors();
    for (kind, _) in KINDS {
        generate(&home, kind, kind);
        register(&home, kind, "jwks_file", &format!("{kind}.jwks.json"));
    }
    let server = Server::start(&home);
    for (kind, algorithms) in KINDS {
        for algorithm in algorithms {
            let assertion = mint(&home, kind, kind, &["--algorithm", algorithm]).succeeded().line();
            let answer = server.authenticate(&assertion);
            if *algorithm == "ES512" {
                answer.error(401, "invalid_client");
                continue;
            }
            assert_eq!(answer.status, 200, "{kind}, {algorithm}: {answer:?}");
            server.authenticate(&assertion).error(401, "invalid_client");
            let other = if kind == "rsa-2048" { "rsa-3072" } else { "rsa-2048" };
            let forged = mint(&home, kind, other, &[]).succeeded().line();
            server.authenticate(&forged).error(401, "invalid_client");
        }
    }
}

#[test]
fn a_key_is_never_overwritten_and_is_the_owners_alone() {
    let home = TestHome::new();
    generate(&home, "app", "p-256");
    let private = home.conf("app-private.pem");
    let (before, mode) = (std::fs::read(&private).unwrap(), private.metadata().unwrap().permissions().mode());
    assert_eq!(mode & 0o777, 0o600);
    let conf = home.conf("");
    let again = dropins(&["keys", "generate", "--client-id", "app", "--out", conf.to_str().unwrap()]);
    again.failed(&["app-private.pem"]);
    assert_eq!(std::fs::read(&private).unwrap(), before);
}

#[test]
fn openssl_reads_what_is_generated() {
    if !installed(&["openssl"]) {
        return;
    }
    let home = TestHome::new();
    for (kind, _) in KINDS {
        generate(&home, kind, kind);
        let openssl = |arguments: &[&str], suffix: &str| {
            let file = home.conf(&format!("{kind}{suffix}"));
            run(command("openssl").args(arguments).arg("-in").arg(file)).succeeded().stdout
        };
        openssl(&["pkey", "-check", "-noout"], "-private.pem");
        let public = openssl(&["pkey", "-pubin"], "-public.pem");
        assert_eq!(openssl(&["x509", "-pubkey", "-noout"], ".pem"), public, "{kind}");
        assert_eq!(openssl(&["pkey", "-pubout"], "-private.pem"), public, "{kind}");
    }
}
