//! Keys and certificates that openssl and keytool make, as the documentation of WSO2 Identity Server tells people to.
//!
//! A tool that is absent skips its tests with a line, unless DROPINS_REQUIRE_ALL=1.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use dropins_keys::{Algorithm, ClientKey, KeyChoice, KeyInput, KeySet, Severity, SigningKey};
use dropins_services::PublicKey as _;

const NOW: i64 = 1_800_000_000;

/// A folder to run tools in.
struct Bench(tempfile::TempDir);

impl Bench {
    /// `None` when the tool is absent.
    fn with(tool: &str) -> Option<Self> {
        let version = if tool == "keytool" { "-help" } else { "version" };
        let found = Command::new(tool).arg(version).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if found.is_ok() {
            return Some(Self(tempfile::tempdir().unwrap()));
        }
        assert!(std::env::var("DROPINS_REQUIRE_ALL").as_deref() != Ok("1"), "{tool} is required");
        println!("skipped: {tool} is not installed");
        None
    }

    /// Runs a command line in the folder.
    fn run(&self, line: &str) {
        let mut words = line.split_whitespace();
        let output = Command::new(words.next().unwrap()).args(words).current_dir(&self.0).output().unwrap();
        assert!(output.status.success(), "{line}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    /// The only key of a certificate file, with no error to report.
    fn client_key(&self, name: &str) -> Arc<ClientKey> {
        let bytes = self.read(name);
        let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: Some(name), bytes: &bytes }], NOW);
        assert!(findings.iter().all(|finding| finding.severity == Severity::Warning), "{findings:?}");
        assert_eq!(keys.keys().len(), 1, "{name}");
        Arc::clone(keys.keys().first().unwrap())
    }

    fn signing_key(&self, name: &str) -> SigningKey {
        SigningKey::from_pem(&String::from_utf8(self.read(name)).unwrap())
            .unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

/// The two files belong together: what one signs, the other verifies.
fn assert_pair(private: &SigningKey, public: &ClientKey) {
    assert_eq!(private.thumbprint(), public.thumbprint());
    for algorithm in private.algorithms() {
        let signature = private.sign(algorithm, b"message").unwrap();
        assert_eq!(public.verify(algorithm.name(), b"message", &signature), Ok(true), "{algorithm}");
    }
}

#[test]
fn self_signed_certificates_of_openssl() {
    let Some(bench) = Bench::with("openssl") else { return };
    for key in ["rsa:2048", "rsa:3072", "ec:p256.pem", "ec:p384.pem", "ec:p521.pem", "ed25519"] {
        if let Some(parameters) = key.strip_prefix("ec:") {
            let curve = parameters.replace(".pem", "").replace('p', "P-");
            bench.run(&format!(
                "openssl genpkey -genparam -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out {parameters}"
            ));
        }
        bench.run(&format!(
            "openssl req -x509 -newkey {key} -nodes -keyout key.pem -out cert.pem -subj /CN=client -days 365"
        ));
        let public = bench.client_key("cert.pem");
        assert!(public.describe().not_after.is_some());
        assert_pair(&bench.signing_key("key.pem"), &public);
    }
}

#[test]
fn traditional_private_keys_and_bare_public_keys_of_openssl() {
    let Some(bench) = Bench::with("openssl") else { return };
    for command in [
        "openssl genrsa -traditional -out key.pem 2048",
        "openssl genrsa -out key.pem 2048",
        "openssl ecparam -name prime256v1 -genkey -out key.pem",
        "openssl ecparam -name secp384r1 -genkey -noout -out key.pem",
        "openssl ecparam -name secp521r1 -genkey -noout -out key.pem",
        "openssl genpkey -algorithm ED25519 -out key.pem",
    ] {
        bench.run(command);
        bench.run("openssl pkey -in key.pem -pubout -out public.pem");
        bench.run("openssl pkey -in key.pem -pubout -outform DER -out public.der");
        let private = bench.signing_key("key.pem");
        assert_pair(&private, &bench.client_key("public.pem"));
        assert_pair(&private, &bench.client_key("public.der"));
    }
}

#[test]
fn keys_that_the_lint_refuses_are_rejected_from_openssl_too() {
    let Some(bench) = Bench::with("openssl") else { return };
    for (command, severity, text) in [
        ("openssl req -x509 -newkey rsa:1024", Severity::Error, "1024 bits"),
        ("openssl req -x509 -newkey rsa-pss", Severity::Error, "rsaEncryption"),
        ("openssl req -x509 -newkey ed448", Severity::Warning, "not supported"),
    ] {
        bench.run(&format!("{command} -nodes -keyout key.pem -out cert.pem -subj /CN=client"));
        let bytes = bench.read("cert.pem");
        let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: None, bytes: &bytes }], NOW);
        assert!(keys.keys().is_empty());
        let said = |finding: &dropins_keys::Finding| finding.severity == severity && finding.message.contains(text);
        assert!(findings.iter().any(said), "{findings:?}");
    }
}

#[test]
fn what_openssl_makes_that_is_no_usable_key_is_told_with_its_cause() {
    let Some(bench) = Bench::with("openssl") else { return };
    bench.run("openssl ecparam -name prime256v1 -param_enc explicit -genkey -noout -out explicit.pem");
    bench.run("openssl req -x509 -key explicit.pem -out explicit-cert.pem -subj /CN=client");
    bench.run("openssl pkey -in explicit.pem -pubout -out explicit-public.pem");
    bench.run("openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=client");
    bench.run("openssl crl2pkcs7 -nocrl -certfile cert.pem -out bundle.p7b");
    bench.run("openssl crl2pkcs7 -nocrl -certfile cert.pem -outform DER -out bundle.der");
    bench.run("openssl req -new -key key.pem -out request.pem -subj /CN=client");
    bench.run("openssl req -new -key key.pem -outform DER -out request.der -subj /CN=client");
    for (name, cause) in [
        ("explicit-cert.pem", "use a named curve"),
        ("explicit-public.pem", "use a named curve"),
        ("bundle.p7b", "openssl pkcs7 -in"),
        ("bundle.der", "openssl pkcs7 -inform DER"),
        ("request.pem", "certificate request (CSR)"),
        ("request.der", "certificate request (CSR)"),
    ] {
        let bytes = bench.read(name);
        let (keys, findings) = KeySet::read(&[KeyInput::Certificate { name: Some(name), bytes: &bytes }], NOW);
        assert!(keys.keys().is_empty(), "{name}");
        let said = |finding: &dropins_keys::Finding| {
            finding.severity == Severity::Error && finding.to_string().contains(cause)
        };
        assert!(findings.iter().any(said), "{name}: {findings:?}");
    }
}

#[test]
fn private_keys_that_must_be_converted_name_the_command_or_the_reason() {
    let Some(bench) = Bench::with("openssl") else { return };
    bench.run("openssl genrsa -traditional -aes128 -passout pass:secret -out old.pem 2048");
    bench.run("openssl genpkey -algorithm RSA -aes128 -pass pass:secret -out new.pem");
    bench.run("openssl genpkey -algorithm rsa-pss -out pss.pem");
    bench.run("openssl pkey -in pss.pem -outform DER -out pss.der");
    for (name, expected) in [
        ("old.pem", "openssl pkey -in"),
        ("new.pem", "openssl pkey -in"),
        ("pss.pem", "restricted to RSASSA-PSS"),
        ("pss.der", "restricted to RSASSA-PSS"),
    ] {
        let error = SigningKey::read(&bench.read(name), &KeyChoice::default()).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn openssl_and_we_verify_each_others_signatures() {
    let Some(bench) = Bench::with("openssl") else { return };
    bench.run("openssl genrsa -out key.pem 2048");
    bench.run("openssl pkey -in key.pem -pubout -out public.pem");
    bench.write("message", "header.claims");
    bench.run("openssl dgst -sha256 -sign key.pem -out theirs message");
    let public = bench.client_key("public.pem");
    assert_eq!(public.verify("RS256", b"header.claims", &bench.read("theirs")), Ok(true));
    bench.write("ours", bench.signing_key("key.pem").sign(Algorithm::Ps256, b"header.claims").unwrap());
    bench.run(
        "openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -verify public.pem -signature ours message",
    );
}

#[test]
fn certificates_and_private_keys_of_a_pkcs12_file_of_keytool() {
    let (Some(bench), Some(_)) = (Bench::with("keytool"), Bench::with("openssl")) else { return };
    for options in ["-keyalg RSA -keysize 2048", "-keyalg EC -groupname secp256r1", "-keyalg Ed25519"] {
        let store = "-keystore store.p12 -storetype PKCS12 -storepass wso2carbon";
        bench.run(&format!("keytool -genkeypair -alias client {options} -dname CN=client -validity 365 {store}"));
        bench.run(&format!("keytool -exportcert -alias client -rfc -file cert.pem {store}"));
        bench.run(&format!("keytool -exportcert -alias client -file cert.der {store}"));
        bench.run("openssl pkcs12 -in store.p12 -passin pass:wso2carbon -nodes -nocerts -out key.pem");
        bench.run("openssl pkcs12 -in store.p12 -passin pass:wso2carbon -nokeys -out bag.pem");
        assert!(String::from_utf8_lossy(&bench.read("bag.pem")).contains("Bag Attributes"));
        let private = bench.signing_key("key.pem");
        for name in ["cert.pem", "cert.der", "bag.pem"] {
            assert_pair(&private, &bench.client_key(name));
        }
        std::fs::remove_file(bench.path().join("store.p12")).unwrap();
    }
}
