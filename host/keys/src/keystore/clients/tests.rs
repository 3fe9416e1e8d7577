//! Which entry is a client's.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use super::*;
use crate::keystore::StoreKind;
use crate::keystore::entry::Content;
use crate::keystore::testing::{certificate, key_entry};
use crate::{KeyFamily, Severity, SigningKey, pem};

const NOW: i64 = 1_800_000_000;

fn clients(entries: &[(&str, &[u8])]) -> ClientCertificates {
    let mut store = Keystore::new(StoreKind::Pkcs12);
    for (alias, der) in entries {
        let content = Content::Certificate(der.to_vec());
        store.entries.push(Entry { alias: (*alias).to_owned(), content, created_millis: None });
    }
    ClientCertificates::new(store, "store.p12".to_owned())
}

fn source(clients: &ClientCertificates, client_id: &str) -> String {
    use dropins_services::PublicKey as _;
    clients.key_set(client_id).unwrap().unwrap().keys()[0].describe().source
}

#[test]
fn the_alias_is_the_client_id_exactly_or_in_another_case() {
    let der = certificate("c");
    let clients = clients(&[("Client", &der), ("client", &certificate("d")), ("lower", &der)]);
    assert_eq!(source(&clients, "Client"), "keystore:store.p12#Client");
    assert_eq!(source(&clients, "client"), "keystore:store.p12#client");
    assert_eq!(source(&clients, "LoWer"), "keystore:store.p12#lower");
    for absent in ["", "lowe", "lower ", "löwer"] {
        assert!(clients.key_set(absent).unwrap().is_none(), "{absent:?}");
    }
    let error = clients.key_set("CLIENT").unwrap_err();
    assert_eq!(error.reason, NotForClients::Ambiguous { aliases: vec!["Client".to_owned(), "client".to_owned()] });
    assert!(error.to_string().contains(r#""Client" and "client""#), "{error}");
}

#[test]
fn a_key_is_read_once_and_then_the_same() {
    let clients = clients(&[("client", &certificate("c"))]);
    let [first, second] = [(); 2].map(|()| clients.key_set("client").unwrap().unwrap());
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn a_key_of_the_server_is_never_a_clients() {
    let mut store = Keystore::new(StoreKind::Jks);
    store.entries.push(key_entry("wso2carbon"));
    let clients = ClientCertificates::new(store, "wso2carbon.jks".to_owned());
    let error = clients.key_set("wso2carbon").unwrap_err();
    assert_eq!(error.reason, NotForClients::Key { kind: EntryKind::PrivateKey });
    assert!(error.to_string().contains("server's own"), "{error}");
}

fn made(is_ca: IsCa, usages: &[KeyUsagePurpose], issuer: Option<&Issuer<'_, KeyPair>>) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "c");
    params.is_ca = is_ca;
    params.key_usages = usages.to_vec();
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer),
        None => params.self_signed(&key),
    };
    certificate.unwrap().der().to_vec()
}

#[test]
fn an_authority_is_rejected_and_what_openssl_makes_for_a_client_is_not() {
    let ca = || IsCa::Ca(BasicConstraints::Unconstrained);
    let root = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "root");
    let issuer = Issuer::new(params, root);
    let signs = [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let both = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
    for (what, der, authority) in [
        ("keytool -genkeypair", made(IsCa::NoCa, &[], None), false),
        ("openssl req -x509", made(ca(), &[], None), false),
        ("openssl req -x509 with a usage", made(ca(), &[KeyUsagePurpose::DigitalSignature], None), false),
        ("issued to the client", made(IsCa::ExplicitNoCa, &[KeyUsagePurpose::DigitalSignature], Some(&issuer)), false),
        ("root", made(ca(), &signs, None), true),
        ("root that also signs data", made(ca(), &both, None), true),
        ("intermediate", made(ca(), &signs, Some(&issuer)), true),
        ("intermediate without usage", made(ca(), &[], Some(&issuer)), true),
    ] {
        let clients = clients(&[("client", &der)]);
        match clients.key_set("client") {
            Ok(Some(keys)) => assert!(!authority && keys.keys().len() == 1, "{what}"),
            Ok(None) => panic!("{what} is not found"),
            Err(error) => assert!(authority && error.reason == NotForClients::Authority, "{what}: {error}"),
        }
    }
}

#[test]
fn what_is_to_be_said_about_a_certificate_is_said_with_its_source() {
    let expired = SigningKey::generate(KeyFamily::P256).unwrap().self_signed_certificate("c", 0, NOW - 1).unwrap();
    let expired = pem::blocks(expired.as_bytes()).unwrap().remove(0).der;
    let clients = clients(&[("old", &expired), ("broken", b"0\x03abc"), ("good", &certificate("c"))]);
    let said = clients.lint("OLD", NOW).unwrap().unwrap();
    assert_eq!(
        (said.len(), said[0].severity, said[0].source.as_str()),
        (1, Severity::Warning, "keystore:store.p12#old")
    );
    assert_eq!(clients.lint("broken", NOW).unwrap().unwrap()[0].severity, Severity::Error);
    assert!(clients.key_set("broken").unwrap().unwrap().keys().is_empty());
    assert_eq!(clients.lint("good", NOW).unwrap(), Some(Vec::new()));
    assert_eq!(clients.lint("absent", NOW).unwrap(), None);
}
