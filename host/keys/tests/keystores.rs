//! Keystores that keytool and openssl make, and what they make of ours.
//!
//! A tool that is absent skips its tests with a line, unless DROPINS_REQUIRE_ALL=1.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::Command;

use dropins_keys::keystore::{
    CertificateStores, CertificateView, EntryKind, Keystore, StoreError, StoreKind, WatchedKeystore,
    certificate_to_import,
};
use dropins_keys::{Algorithm, SigningKey};
use dropins_services::PublicKey as _;

const NOW: i64 = 1_800_000_000;
/// Mixed case, as WSO2 makes them.
const CLIENT: &str = "nwU59qy9AsDqftmwLcfmkvOhvuYa";
const PASS: &str = "wso2carbon";

/// A folder to run tools in.
struct Bench(tempfile::TempDir);

impl Bench {
    /// `None` when keytool or openssl is absent.
    fn new() -> Option<Self> {
        for (tool, argument) in [("keytool", "-help"), ("openssl", "version")] {
            if Command::new(tool).arg(argument).output().is_err() {
                assert!(std::env::var("DROPINS_REQUIRE_ALL").as_deref() != Ok("1"), "{tool} is required");
                println!("skipped: {tool} is not installed");
                return None;
            }
        }
        Some(Self(tempfile::tempdir().unwrap()))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs a command line in the folder; what it printed, and whether it succeeded.
    fn attempt(&self, line: &str) -> (bool, String) {
        let mut words = line.split_whitespace();
        // Fast start of the JVM, and texts in English.
        let output = Command::new(words.next().unwrap())
            .args(words)
            .current_dir(&self.0)
            .env("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -Duser.language=en")
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    fn run(&self, line: &str) -> String {
        let (success, text) = self.attempt(line);
        assert!(success, "{line}\n{text}");
        text
    }

    fn open(&self, name: &str) -> Keystore {
        Keystore::open(&self.path(name), PASS).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A key pair with a self-signed certificate that is no authority: `NAME.key` and `NAME.pem`.
    fn certificate(&self, name: &str) -> Vec<u8> {
        self.run(&format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.pem -subj /CN={name} -days 365 \
             -addext basicConstraints=CA:FALSE"
        ));
        certificate_to_import(&std::fs::read(self.path(&format!("{name}.pem"))).unwrap()).unwrap()
    }

    fn stores(&self, primary: &str) -> CertificateStores {
        let store = WatchedKeystore::open(self.path(primary), PASS.to_owned().into());
        CertificateStores::new(Some(store.unwrap_or_else(|error| panic!("{error}"))), None)
    }

    /// The client is found in the store, and its key verifies what the private key signs.
    fn assert_finds(&self, store: &str, client: &str, private_pem: &str) {
        let keys = self.stores(store).find(client).unwrap().unwrap_or_else(|| panic!("{store} has no {client}"));
        let [key] = keys.keys() else { panic!("{store}: {} keys", keys.keys().len()) };
        let private = SigningKey::from_pem(&std::fs::read_to_string(self.path(private_pem)).unwrap()).unwrap();
        assert_eq!(key.thumbprint(), private.thumbprint());
        let signature = private.sign(Algorithm::Rs256, b"message").unwrap();
        assert_eq!(key.verify("RS256", b"message", &signature), Ok(true));
        let source = key.describe().source.to_lowercase();
        assert_eq!(source, format!("keystore:{store}#{client}").to_lowercase());
    }
}

fn aliases(store: &Keystore) -> Vec<(&str, EntryKind)> {
    store.entries().iter().map(|entry| (entry.alias(), entry.kind())).collect()
}

/// A key `server` and a trusted certificate under the client's id, made by keytool.
fn make(bench: &Bench, store: &str, options: &str) {
    let store = format!("-keystore {store} -storepass {PASS} {options}");
    bench.run(&format!("keytool -genkeypair -alias server -keyalg RSA -dname CN=server -keypass {PASS} {store}"));
    bench.run(&format!("keytool -importcert -noprompt -alias {CLIENT} -file client.pem {store}"));
}

#[test]
fn every_variant_of_keytool_is_read_from_its_content() {
    let Some(bench) = Bench::new() else { return };
    let der = bench.certificate("client");
    for (file, options, kind) in [
        ("modern.p12", "-storetype PKCS12", StoreKind::Pkcs12),
        ("legacy.p12", "-storetype PKCS12 -J-Dkeystore.pkcs12.legacy", StoreKind::Pkcs12),
        ("wrong-name.p12", "-storetype JKS", StoreKind::Jks),
        ("wrong-name.jks", "-storetype PKCS12", StoreKind::Pkcs12),
        ("store.jceks", "-storetype JCEKS", StoreKind::Jceks),
        (
            "open.p12",
            "-storetype PKCS12 -J-Dkeystore.pkcs12.macAlgorithm=NONE -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE",
            StoreKind::Pkcs12,
        ),
    ] {
        make(&bench, file, options);
        let store = bench.open(file);
        assert_eq!(store.kind(), kind, "{file}");
        let mut found = aliases(&store);
        found.sort_by_key(|(alias, _)| alias.to_lowercase());
        assert_eq!(found[0].1, EntryKind::TrustedCertificate, "{file}");
        assert_eq!(found[1], ("server", EntryKind::PrivateKey), "{file}");
        assert_eq!(store.find(CLIENT).unwrap().unwrap().chain(), std::slice::from_ref(&der), "{file}");
        assert!(store.find("server").unwrap().unwrap().created().is_some());
        bench.assert_finds(file, CLIENT, "client.key");
        if file != "open.p12" {
            let wrong = Keystore::open(&bench.path(file), "wso2carbonx").unwrap_err();
            assert!(matches!(wrong.reason, StoreError::WrongPassword), "{file}: {wrong}");
        }
    }
}

#[test]
fn every_variant_of_openssl_is_read() {
    let Some(bench) = Bench::new() else { return };
    let der = bench.certificate("client");
    let export = "openssl pkcs12 -export -in client.pem -passout pass:wso2carbon";
    bench.run(&format!("{export} -inkey client.key -name {CLIENT} -out key.p12"));
    assert_eq!(aliases(&bench.open("key.p12")), [(CLIENT, EntryKind::PrivateKey)]);
    let (legacy, text) = bench.attempt(&format!("{export} -inkey client.key -name {CLIENT} -legacy -out legacy.p12"));
    if legacy {
        assert_eq!(aliases(&bench.open("legacy.p12")), [(CLIENT, EntryKind::PrivateKey)]);
    } else {
        println!("skipped: openssl has no legacy provider: {text}");
    }
    bench.run(&format!("{export} -nokeys -out nameless.p12"));
    let nameless = bench.open("nameless.p12");
    assert_eq!((nameless.entries(), nameless.unnamed()), (&[][..], &[der][..]));
    bench.run(&format!("{export} -nokeys -caname {CLIENT} -out named.p12"));
    assert_eq!(aliases(&bench.open("named.p12")), [(CLIENT, EntryKind::TrustedCertificate)]);
    bench.assert_finds("named.p12", CLIENT, "client.key");
    bench.run(&format!("{export} -inkey client.key -nomac -out nomac.p12"));
    assert_eq!(aliases(&bench.open("nomac.p12")), [("1", EntryKind::PrivateKey)]);
}

#[test]
fn the_truststore_of_the_distribution_is_read_with_all_its_authorities() {
    let Some(path) = ["/etc/ssl/certs/java/cacerts"].into_iter().map(Path::new).find(|path| path.exists()) else {
        println!("skipped: there is no cacerts");
        return;
    };
    let store = Keystore::open(path, "changeit").unwrap();
    assert!(store.entries().len() > 100 && store.entries().len() == store.trusted_certificates().count());
    let views = store.entries().iter().filter_map(|entry| CertificateView::of(&entry.chain()[0]));
    let authorities = views.filter(|view| view.authority).count();
    assert!(authorities * 10 > store.entries().len() * 9, "{authorities} of {}", store.entries().len());
}

/// ../shared/seeds 001 to 003: the steps of the documentation, line by line.
#[test]
fn the_documented_steps_end_in_the_clients_key_with_jks_and_with_pkcs12() {
    let Some(bench) = Bench::new() else { return };
    // What keytool makes by default today, and what it made when the steps were written.
    for (kind, primary, source) in [("JKS", "wso2carbon.jks", "PKCS12"), ("PKCS12", "wso2carbon.p12", "JKS")] {
        let pass = format!("-storepass {PASS}");
        // The keystore that a default pack brings.
        bench.run(&format!("keytool -genkey -alias wso2carbon -keyalg RSA -keystore {primary} -storetype {kind} {pass} -keypass {PASS} -dname CN=localhost"));
        let _ = std::fs::remove_file(bench.path("TodayApp.jks"));
        let _ = std::fs::remove_file(bench.path("TodayApp.p12"));
        bench.run(&format!("keytool -genkey -alias {CLIENT} -keyalg RSA -keystore TodayApp.jks -storetype {source} {pass} -keypass {PASS} -dname CN=TodayApp"));
        bench.run(&format!("keytool -export -alias {CLIENT} -file {CLIENT} -keystore TodayApp.jks {pass}"));
        bench.run(&format!("keytool -importkeystore -srckeystore TodayApp.jks -destkeystore TodayApp.p12 -deststoretype PKCS12 -srcstorepass {PASS} -deststorepass {PASS}"));
        bench.run(&format!("openssl pkcs12 -in TodayApp.p12 -nokeys -out pubcert.pem -passin pass:{PASS}"));
        bench.run(&format!("openssl pkcs12 -in TodayApp.p12 -nodes -nocerts -out privatekey.pem -passin pass:{PASS}"));
        for file in [CLIENT, "pubcert.pem"] {
            bench.run(&format!("keytool -import -alias {CLIENT} -file {file} -keystore {primary} {pass} -noprompt"));
            bench.assert_finds(primary, CLIENT, "privatekey.pem");
            bench.run(&format!("keytool -delete -alias {CLIENT} -keystore {primary} {pass}"));
            let der = certificate_to_import(&std::fs::read(bench.path(file)).unwrap()).unwrap();
            Keystore::edit(&bench.path(primary), PASS, |store| store.insert(CLIENT, der, NOW, false)).unwrap();
            bench.assert_finds(primary, CLIENT, "privatekey.pem");
            bench.run(&format!("keytool -delete -alias {CLIENT} -keystore {primary} {pass}"));
        }
    }
}

#[test]
fn what_we_write_keytool_and_openssl_read_and_keys_survive() {
    let Some(bench) = Bench::new() else { return };
    let der = bench.certificate("client");
    for (file, options) in [
        ("store.p12", "-storetype PKCS12"),
        ("legacy.p12", "-storetype PKCS12 -J-Dkeystore.pkcs12.legacy"),
        ("store.jks", "-storetype JKS"),
        ("store.jceks", "-storetype JCEKS"),
        (
            "open.p12",
            "-storetype PKCS12 -J-Dkeystore.pkcs12.macAlgorithm=NONE -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE",
        ),
    ] {
        make(&bench, file, options);
        let before = bench.open(file);
        Keystore::edit(&bench.path(file), PASS, |store| {
            store.remove(CLIENT)?;
            store.insert("Second", der.clone(), NOW, false)
        })
        .unwrap();
        let after = bench.open(file);
        assert_eq!(before.find("server").unwrap(), after.find("server").unwrap(), "{file}");
        let legacy = if file == "legacy.p12" { "-J-Dkeystore.pkcs12.legacy" } else { "" };
        let pass = format!("-keystore {file} -storepass {PASS}");
        let listed = bench.run(&format!("keytool -list {pass}"));
        assert!(listed.contains("2 entries") && listed.contains("PrivateKeyEntry"), "{file}: {listed}");
        assert!(listed.contains(&CertificateView::fingerprint(&der)), "{file}: {listed}");
        bench.run(&format!("keytool -list -alias Second {pass}"));
        // Only the password of the key opens it.
        bench.run(&format!("keytool -certreq -alias server -keypass {PASS} {pass} {legacy}"));
        if file.ends_with(".p12") {
            bench.run(&format!("openssl pkcs12 -in {file} -passin pass:{PASS} -nodes -legacy -out all.pem"));
            let text = std::fs::read_to_string(bench.path("all.pem")).unwrap();
            assert_eq!(text.matches("BEGIN CERTIFICATE").count(), 2, "{file}");
            assert_eq!(text.matches("BEGIN PRIVATE KEY").count(), 1, "{file}");
        }
    }
}

#[test]
fn a_new_store_is_modern_pkcs12_that_keytool_and_openssl_open() {
    let Some(bench) = Bench::new() else { return };
    let der = bench.certificate("client");
    Keystore::edit(&bench.path("new.p12"), PASS, |store| store.insert(CLIENT, der, NOW, false)).unwrap();
    let listed = bench.run(&format!("keytool -list -keystore new.p12 -storepass {PASS}"));
    assert!(listed.contains("1 entry") && listed.contains("trustedCertEntry"), "{listed}");
    let info = bench.run(&format!("openssl pkcs12 -in new.p12 -info -nokeys -passin pass:{PASS}"));
    assert!(info.contains("MAC: sha256, Iteration 10000"), "{info}");
    assert!(info.contains("PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256"), "{info}");
    assert!(!bench.attempt("keytool -list -keystore new.p12 -storepass wso2carbonx").0);
    bench.assert_finds("new.p12", CLIENT, "client.key");
}

#[test]
fn a_secret_key_in_pkcs12_is_carried_along_and_one_in_jceks_is_named() {
    let Some(bench) = Bench::new() else { return };
    let der = bench.certificate("client");
    for kind in ["PKCS12", "JCEKS"] {
        let store = format!("-keystore {kind} -storetype {kind} -storepass {PASS} -keypass {PASS}");
        bench.run(&format!("keytool -genseckey -alias Secret -keyalg AES -keysize 256 {store}"));
    }
    let error = Keystore::open(&bench.path("JCEKS"), PASS).unwrap_err();
    assert!(matches!(&error.reason, StoreError::SecretKey { alias } if alias == "secret"), "{error}");
    assert_eq!(aliases(&bench.open("PKCS12")), [("secret", EntryKind::SecretKey)]);
    Keystore::edit(&bench.path("PKCS12"), PASS, |store| store.insert(CLIENT, der, NOW, false)).unwrap();
    let listed = bench.run(&format!("keytool -list -keystore PKCS12 -storepass {PASS}"));
    assert!(listed.contains("SecretKeyEntry") && listed.contains("trustedCertEntry"), "{listed}");
}

#[test]
fn a_chain_of_a_key_is_in_its_entry_and_survives() {
    let Some(bench) = Bench::new() else { return };
    for (file, kind) in [("chain.p12", "PKCS12"), ("chain.jks", "JKS")] {
        let store = format!("-keystore {file} -storetype {kind} -storepass {PASS} -keypass {PASS}");
        bench.run(&format!("keytool -genkeypair -alias root -keyalg RSA -dname CN=root -ext bc:c {store}"));
        bench.run(&format!("keytool -genkeypair -alias server -keyalg RSA -dname CN=server {store}"));
        bench.run(&format!("keytool -certreq -alias server -file server.csr {store}"));
        bench.run(&format!("keytool -gencert -alias root -infile server.csr -outfile server.crt -rfc {store}"));
        bench.run(&format!("keytool -importcert -noprompt -alias server -file server.crt {store}"));
        let lengths =
            |store: &Keystore| ["server", "root"].map(|alias| store.find(alias).unwrap().unwrap().chain().len());
        assert_eq!(lengths(&bench.open(file)), [2, 1], "{file}");
        let der = bench.certificate("client");
        Keystore::edit(&bench.path(file), PASS, |store| store.insert(CLIENT, der, NOW, false)).unwrap();
        assert_eq!(lengths(&bench.open(file)), [2, 1], "{file}");
        let listed = bench.run(&format!("keytool -list -v -alias server {store}"));
        assert!(listed.contains("Certificate chain length: 2"), "{file}: {listed}");
    }
}

#[test]
fn the_view_shows_what_keytool_shows() {
    let Some(bench) = Bench::new() else { return };
    for (options, key) in [
        ("-keyalg RSA -keysize 3072", "3072-bit RSA key"),
        ("-keyalg EC -groupname secp256r1", "256-bit EC (secp256r1) key"),
        ("-keyalg EC -groupname secp521r1", "521-bit EC (secp521r1) key"),
    ] {
        let store = format!("-keystore view.p12 -storepass {PASS}");
        bench.run(&format!("keytool -genkeypair -alias a {options} -dname CN=client,OU=apps,O=wso2,C=LK {store}"));
        let view = CertificateView::of(&bench.open("view.p12").find("a").unwrap().unwrap().chain()[0]).unwrap();
        let theirs = bench.run(&format!("keytool -list -v -alias a {store} -J-Duser.timezone=UTC"));
        for line in [
            format!("Owner: {}", view.owner),
            format!("Issuer: {}", view.issuer),
            format!("Serial number: {}", view.serial),
            format!("SHA1: {}", view.sha1),
            format!("SHA256: {}", view.sha256),
            format!("Signature algorithm name: {}", view.signature_algorithm),
            format!("Subject Public Key Algorithm: {key}"),
            format!(
                "Valid from: {} until: {}",
                dropins_keys::keystore::instant(view.not_before),
                dropins_keys::keystore::instant(view.not_after)
            ),
        ] {
            assert!(theirs.contains(&line), "{line}\n{theirs}");
        }
        assert_eq!((view.public_key.as_str(), view.authority), (key, false));
        std::fs::remove_file(bench.path("view.p12")).unwrap();
    }
}
