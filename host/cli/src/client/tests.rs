//! The verbs on a home, as they are typed.

use clap::Parser as _;
use dropins_keys::{KeyFamily, SigningKey};

use super::*;
use crate::args::HomeArgs;
use crate::cli::{Cli, Verb};
use crate::init;
use dropins_config::home::{Addresses, Home};
use dropins_operations::clients::{ClientView, Registry};
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::secret_hash;
use dropins_store::clients::{ClientRecord, KeyUse};

struct Bench(tempfile::TempDir);

impl Bench {
    fn new(configuration: &str) -> Self {
        let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        init::make(&Home::new(folder.path()), false, Addresses::default(), configuration).unwrap();
        Self(folder)
    }

    fn home(&self) -> HomeArgs {
        HomeArgs { home: self.0.path().to_owned(), properties: Vec::new(), admin: None }
    }

    /// Runs `dropins client …` on the home.
    fn run(&self, line: &[&str]) -> anyhow::Result<()> {
        let home = self.0.path().to_str().unwrap();
        let words = ["dropins", "client"].into_iter().chain(line.iter().copied()).chain(["--home", home]);
        match Cli::try_parse_from(words)?.verb {
            Verb::Client(verb) => verb.run().map(drop),
            _ => unreachable!(),
        }
    }

    #[track_caller]
    fn refused(&self, line: &[&str], part: &str) {
        let error = self.run(line).unwrap_err().to_string();
        assert!(error.contains(part), "{line:?}: {error}");
    }

    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn find(&self, client_id: &str) -> Option<ClientRecord> {
        let registry = runtime().block_on(registry::open(&self.home())).unwrap();
        runtime().block_on(registry.stored.store().find(client_id)).unwrap()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_client_is_added_changed_and_removed() {
    let bench = Bench::new("");
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let certificate = bench.file("c.pem", &key.self_signed_certificate("c", 0, 4_000_000_000).unwrap());
    let jwks = bench.file("c.json", &serde_json::json!({ "keys": [key.public_jwk()] }).to_string());
    bench
        .run(&[
            "add",
            "c",
            "--name",
            "A",
            "--certificate",
            &certificate,
            "--scope",
            "read write",
            "--signing-alg",
            "ES256",
            "--id-token-signed-response-alg",
            "ES256",
        ])
        .unwrap();
    let added = bench.find("c").unwrap();
    assert!(added.enabled && added.certificate.is_some() && added.secret.is_none());
    assert_eq!((added.auth_method.as_deref(), added.scopes.len()), (Some("private_key_jwt"), 2));
    assert_eq!(added.grant_types, ["client_credentials"]);
    assert_eq!(added.id_token_signed_response_alg, Some(TokenAlgorithm::Es256));
    bench.refused(&["add", "c"], "there is a client `c` already");

    let change = ["update", "c", "--jwks", &jwks, "--clear", "certificate", "--clear", "scope", "--disable"];
    bench.run(&[&change[..], &["--prevent-token-reuse", "false"]].concat()).unwrap();
    let changed = bench.find("c").unwrap();
    assert!(!changed.enabled && changed.certificate.is_none() && changed.jwks.is_some() && changed.scopes.is_empty());
    assert_eq!(changed.overrides, [("PreventTokenReuse".to_owned(), vec!["false".to_owned()])]);
    assert_eq!(changed.name.as_deref(), Some("A"), "what is not given stays");
    assert_eq!(changed.id_token_signed_response_alg, Some(TokenAlgorithm::Es256));
    bench.run(&["update", "--client-id", "c", "--enable", "--clear", "id-token-signed-response-alg"]).unwrap();
    assert_eq!(bench.find("c").unwrap().id_token_signed_response_alg, None);
    assert!(bench.find("c").unwrap().enabled);
    bench.refused(&["update", "c", "--certificate", &certificate, "--add-certificate", &certificate], "cannot be used");
    let next = SigningKey::generate(KeyFamily::P256).unwrap().self_signed_certificate("c", 0, 4_000_000_000).unwrap();
    let (next, own) = (bench.file("next.pem", &next), bench.file("own.pem", &added.certificate.unwrap()));
    bench.run(&["update", "c", "--add-certificate", &own, "--add-certificate", &next]).unwrap();
    assert_eq!(bench.find("c").unwrap().certificate.unwrap().matches("BEGIN CERTIFICATE").count(), 2);

    for line in [&["show", "c"][..], &["show", "c", "--json"], &["list"], &["list", "--json"]] {
        bench.run(line).unwrap();
    }
    bench.run(&["remove", "c"]).unwrap();
    assert_eq!(bench.find("c"), None);
    bench.refused(&["show", "c"], "there is no client `c`");
    bench.refused(&["remove", "c"], "there is no client `c`");
}

#[test]
fn what_the_configuration_would_refuse_is_rejected() {
    let bench = Bench::new("[[service_provider]]\nclient_id = \"declared\"\nclient_secret = \"s\"\n");
    let broken = bench.file("broken.json", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}");
    bench.refused(&["add", "declared"], "the file wins");
    bench.refused(&["update", "declared", "--disable"], "change it there");
    bench.refused(&["remove", "declared"], "change it there");
    bench.refused(&["add", "c", "--jwks", &broken], &format!("is rejected: jwks: {broken}: keys[0]"));
    let encryption = r#"{"keys":[{"kty":"EC","crv":"P-256","use":"enc","x":"a","y":"b"}]}"#;
    let encryption = bench.file("encryption.json", encryption);
    bench.refused(&["add", "c", "--jwks", &encryption], "\"use\"");
    bench.refused(&["add", "c", "--jwks-uri", "http://c.example/"], "jwks_uri");
    bench.refused(&["add", "c", "--id-token-signed-response-alg", "PS256"], "choose one of RS256, ES256");
    bench.refused(&["add", "c", "--redirect-uri", "/cb"], "redirect_uris");
    bench.refused(&["add", "c", "--auth-method", "private-key-jwt"], "did you mean `private_key_jwt`?");
    bench.refused(&["add", "ü"], "client_id");
    bench.refused(&["add", &"x".repeat(256)], "client_id: it has 1 to 255 printable ASCII characters");
    bench.run(&["add", &"x".repeat(255)]).unwrap();
    bench.refused(&["add", "c", "--auth-method", "none", "--grant-type", "client_credentials"], "grant_types");
    bench.refused(&["add", "c", "--auth-method", "none", "--signing-alg", "ES256"], "no credential");
    bench.run(&["add", "keys", "--auth-method", "none", "--jwks-uri", "https://c.example/"]).unwrap();
    bench.run(&["add", "page", "--auth-method", "none", "--redirect-uri", "https://page.example/"]).unwrap();
    assert_eq!(bench.find("page").unwrap().grant_types, ["authorization_code"]);
    bench.refused(&["update", "c"], "nothing is to be changed");
    bench.run(&["show", "declared"]).unwrap();
    assert_eq!(bench.find("c"), None);
}

#[test]
fn a_secret_is_kept_as_its_hash_only_and_replaced_by_a_new_one() {
    let bench = Bench::new("");
    bench.run(&["add", "c", "--auth-method", "client_secret_basic"]).unwrap();
    let first = bench.find("c").unwrap().secret.unwrap();
    assert!(first.phc().starts_with("$argon2id$"));
    bench.run(&["update", "c", "--new-secret"]).unwrap();
    assert_ne!(bench.find("c").unwrap().secret.unwrap(), first);
    bench.refused(&["update", "c", "--clear", "secret"], "has none");
    assert!(!runtime().block_on(secret_hash::check(Some(first), "")).unwrap());
}

#[test]
fn the_ledger_stands_beside_the_keys() {
    let bench = Bench::new("");
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = bench.file("c.pem", &key.public_key_pem().unwrap());
    bench.run(&["add", "c", "--certificate", &pem]).unwrap();
    let registry = runtime().block_on(registry::open(&bench.home())).unwrap();
    let document =
        |registry: &Registry| runtime().block_on(async { ClientView::find(registry, "c").await.unwrap().to_json(&[]) });
    let fresh = document(&registry);
    assert!(fresh["keys"][0]["first_seen"].is_u64() && fresh["keys"][0]["last_used"].is_null(), "{fresh}");
    let entry = |thumbprint: &str, source: &str| KeyUse {
        client_id: "c".to_owned(),
        thumbprint: thumbprint.to_owned(),
        source: source.to_owned(),
        first_seen: 5,
        last_used: Some(2_000_000_000),
    };
    let uses = vec![entry(&key.thumbprint(), "certificate"), entry("gone", "jwks")];
    runtime().block_on(registry.stored.store().record(uses)).unwrap();
    let used = document(&registry);
    assert_eq!(used["keys"][0]["last_used"], 2_000_000_000);
    assert_eq!((&used["keys"][1]["thumbprint"], &used["keys"][1]["registered"]), (&"gone".into(), &false.into()));
}
