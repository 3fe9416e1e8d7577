//! Certificate texts: what is the client's key, what is skipped, what is rejected.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use super::*;
use crate::{Finding, KeyFamily, SigningKey};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 24 * 60 * 60;

fn read_text(text: impl AsRef<[u8]>) -> Reading {
    read(text.as_ref(), "certificate".to_owned(), NOW)
}

fn certificate(not_after: i64) -> (SigningKey, String) {
    let key = SigningKey::generate(KeyFamily::P256).unwrap();
    let pem = key.self_signed_certificate("client", NOW - DAY, not_after).unwrap();
    (key, pem)
}

/// Root, intermediate and leaf, as PEM.
fn chain() -> [String; 3] {
    let params = |name: &str, is_ca| {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = is_ca;
        params
    };
    let ca = || IsCa::Ca(BasicConstraints::Unconstrained);
    let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
    let root = params("root", ca()).self_signed(&keys[0]).unwrap();
    let issuer = Issuer::new(params("root", ca()), &keys[0]);
    let middle = params("middle", ca()).signed_by(&keys[1], &issuer).unwrap();
    let issuer = Issuer::new(params("middle", ca()), &keys[1]);
    let leaf = params("leaf", IsCa::NoCa).signed_by(&keys[2], &issuer).unwrap();
    [root.pem(), middle.pem(), leaf.pem()]
}

fn thumbprints(reading: &Reading) -> Vec<&str> {
    reading.keys.iter().map(|key| key.x5t_s256().unwrap()).collect()
}

#[track_caller]
fn assert_only_error(reading: &Reading, texts: &[&str]) {
    assert!(reading.keys.is_empty());
    let [finding] = reading.findings.as_slice() else { panic!("{:?}", reading.findings) };
    assert_eq!(finding.severity, Severity::Error);
    for text in texts {
        assert!(finding.to_string().contains(text), "{text:?} is not in {finding}");
    }
}

#[test]
fn a_certificate_is_read_from_pem_and_from_der_with_its_thumbprints() {
    let (key, pem) = certificate(NOW + 300 * DAY);
    let der = pem::blocks(pem.as_bytes()).unwrap().remove(0).der;
    let [from_pem, from_der] = [read_text(&pem), read_text(&*der)];
    for reading in [&from_pem, &from_der] {
        assert_eq!(reading.findings, []);
        assert_eq!(reading.keys[0].thumbprint(), key.thumbprint());
        assert_eq!(reading.keys[0].kid(), None);
        assert_eq!(reading.keys[0].x5t_s256(), Some(crate::base64url::sha256(&*der).as_str()));
        assert_eq!(reading.keys[0].x5t().map(str::len), Some(27));
    }
}

#[test]
fn a_public_key_is_read_from_pem_and_from_der() {
    for family in KeyFamily::ALL.into_iter().filter(|family| *family != KeyFamily::Rsa4096) {
        let key = SigningKey::generate(family).unwrap();
        let pem = key.public_key_pem().unwrap();
        let der = pem::blocks(pem.as_bytes()).unwrap().remove(0).der;
        for reading in [read_text(&pem), read_text(&*der)] {
            assert_eq!(reading.findings, []);
            assert_eq!(reading.keys[0].thumbprint(), key.thumbprint());
            assert_eq!(reading.keys[0].x5t(), None);
        }
    }
}

#[test]
fn old_and_new_self_signed_certificates_are_two_keys() {
    let [(_, old), (_, new)] = [certificate(NOW + 40 * DAY), certificate(NOW + 400 * DAY)];
    let reading =
        read_text(format!("Bag Attributes\n    friendlyName: old\n{old}Bag Attributes: <No Attributes>\n{new}"));
    assert_eq!(reading.keys.len(), 2);
    assert_eq!(reading.findings, []);
}

#[test]
fn the_authorities_of_a_chain_are_no_keys_of_the_client_in_any_order() {
    let [root, middle, leaf] = chain();
    let alone = read_text(&leaf);
    for text in [
        format!("{leaf}{middle}{root}"),
        format!("{root}{middle}{leaf}"),
        format!("{leaf}{root}"),
        format!("{leaf}{middle}"),
    ] {
        let reading = read_text(&text);
        assert_eq!(thumbprints(&reading), thumbprints(&alone));
        assert!(reading.findings.iter().all(|finding| finding.severity == Severity::Warning));
        assert!(reading.findings.iter().any(|finding| finding.message.contains("authority")));
    }
    let authorities = read_text(format!("{middle}{root}"));
    assert!(authorities.keys.is_empty());
    assert!(authorities.findings.iter().any(|finding| finding.severity == Severity::Error));
}

#[test]
fn a_certificate_authority_that_is_registered_alone_is_the_clients_key() {
    let [root, middle, _] = chain();
    assert_eq!(read_text(root).keys.len(), 1);
    assert_eq!(read_text(middle).keys.len(), 1);
}

#[test]
fn a_private_key_is_rejected_loudly_beside_a_certificate_and_alone() {
    let (key, pem) = certificate(NOW + 300 * DAY);
    let private = key.to_pkcs8_pem().unwrap();
    let is_loud = |finding: &Finding| finding.severity == Severity::Error && finding.message.contains("PRIVATE KEY");
    let beside = read_text(format!("{pem}{}", *private));
    assert!(beside.findings.iter().any(is_loud));
    for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        let reading = read_text(private.replace("PRIVATE KEY", label));
        assert!(reading.keys.is_empty());
        assert!(reading.findings.iter().any(is_loud), "{label}: {:?}", reading.findings);
        let secret = private.lines().nth(1).unwrap();
        assert!(!reading.findings.iter().any(|finding| finding.to_string().contains(secret)));
    }
}

#[test]
fn other_blocks_are_named_with_what_to_do() {
    let (_, pem) = certificate(NOW + 300 * DAY);
    let beside = read_text(format!("{pem}-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"));
    assert_eq!((beside.keys.len(), beside.findings[0].severity), (1, Severity::Warning));
    assert_only_error(&read_text(pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE")), &["openssl x509"]);
    assert_only_error(&read_text(pem.replace("CERTIFICATE", "RSA PUBLIC KEY")), &["-RSAPublicKey_in"]);
}

#[test]
fn a_text_without_a_certificate_says_what_one_looks_like() {
    let (_, pem) = certificate(NOW + 300 * DAY);
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_only_error(&read_text(""), &["-----BEGIN CERTIFICATE-----"]);
    assert_only_error(&read_text(body), &["-----BEGIN CERTIFICATE-----"]);
    assert_only_error(&read_text(pem.replace("-----END CERTIFICATE-----", "")), &["its END line"]);
    assert_only_error(&read_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), &["no X.509"]);
    assert_only_error(&read_text([0x30, 0x03, 1, 2, 3]), &["no X.509"]);
    assert_only_error(&read_text(vec![b' '; 64 * 1024 + 1]), &["allowed are 65536"]);
    assert_only_error(&read_text(pem.repeat(65).as_bytes()), &["allowed are"]);
}

#[test]
fn a_byte_order_mark_and_the_line_ends_of_an_environment_variable_do_not_matter() {
    let (key, pem) = certificate(NOW + 300 * DAY);
    for text in [format!("\u{feff}{pem}"), pem.replace('\n', " "), pem.replace('\n', "\\n"), pem.replace('\n', "\r\n")]
    {
        let reading = read_text(&text);
        assert_eq!(reading.findings, [], "{text}");
        assert_eq!(reading.keys[0].thumbprint(), key.thumbprint());
    }
}

#[test]
fn a_file_of_another_kind_is_named_with_what_to_do() {
    let (key, pem) = certificate(NOW + 300 * DAY);
    let block = |label: &str| pem.replace("CERTIFICATE", label);
    let der = pem::blocks(pem.as_bytes()).unwrap().remove(0).der;
    let params = CertificateParams::default();
    let request = params.serialize_request(&KeyPair::generate().unwrap()).unwrap();
    // SEQUENCE { OBJECT IDENTIFIER id-signedData, ... }
    let bundle = [&[0x30, 0x0b, 0x06, 0x09][..], &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02]].concat();
    let mut store = crate::keystore::Keystore::new(crate::keystore::StoreKind::Pkcs12);
    store.insert("c", der.to_vec(), NOW, false).unwrap();
    for (bytes, expected) in [
        (block("PKCS7").into_bytes(), "openssl pkcs7 -in"),
        (bundle, "openssl pkcs7 -inform DER"),
        (request.pem().unwrap().into_bytes(), "certificate request (CSR)"),
        (request.der().to_vec(), "certificate request (CSR)"),
        (store.to_bytes("secret").unwrap(), "openssl pkcs12"),
        (serde_json::json!({ "keys": [key.public_jwk()] }).to_string().into_bytes(), "register it as a JWK set"),
        (pem.encode_utf16().flat_map(u16::to_le_bytes).collect(), "UTF-16"),
    ] {
        assert_only_error(&read_text(bytes), &[expected]);
    }
}

#[test]
fn a_certificate_near_its_end_or_past_it_is_a_warning_and_still_a_key() {
    for (not_after, text) in [(NOW + 29 * DAY, "expires"), (NOW - 1, "expired")] {
        let reading = read_text(certificate(not_after).1);
        assert_eq!(reading.keys.len(), 1);
        let [finding] = reading.findings.as_slice() else { panic!("{:?}", reading.findings) };
        assert_eq!(finding.severity, Severity::Warning);
        assert!(finding.message.contains(text) && finding.key.contains("CN=client"), "{finding}");
    }
}

#[test]
fn a_source_in_which_everything_was_passed_over_is_an_error() {
    // An Ed448 public key: 1.3.101.113 and 57 bytes.
    let ed448 = [&[0x30, 0x43, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x71, 0x03, 0x3a, 0x00][..], &[9; 57]].concat();
    let pem = pem::armour("PUBLIC KEY", &ed448);
    for reading in [read_text(&ed448), read_text(pem.as_str())] {
        assert!(reading.keys.is_empty());
        let severities: Vec<_> = reading.findings.iter().map(|finding| finding.severity).collect();
        assert_eq!(severities, [Severity::Warning, Severity::Error], "{:?}", reading.findings);
        assert!(reading.findings[1].message.contains("1.3.101.113"), "{}", reading.findings[1]);
    }
}
