//! What a file is that is neither a certificate nor a public key, and what to do with it.

use x509_parser::asn1_rs::FromDer as _;
use x509_parser::certification_request::X509CertificationRequest;

use crate::reading::KeyRefusal;

const BUNDLE: &str =
    "it is a PKCS#7 bundle (.p7b): extract the certificates with `openssl pkcs7 -in FILE -print_certs`";
const BUNDLE_DER: &str =
    "it is a PKCS#7 bundle (.p7b): extract the certificates with `openssl pkcs7 -inform DER -in FILE -print_certs`";
const REQUEST: &str = "it is a certificate request (CSR), not a certificate: register the certificate that was issued \
                       for it, or the public key from `openssl req -in FILE -noout -pubkey`";
const KEYSTORE: &str = "it is a PKCS#12 keystore: extract the certificate with `openssl pkcs12 -in FILE -nokeys`";
const JSON: &str = "it is JSON, not a certificate: register it as a JWK set";

/// The ASN.1 object identifiers id-data and id-signedData (RFC 5652), DER.
const ID_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];
const ID_SIGNED_DATA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

/// Why a PEM block with this label is no key. Returns `None` for a certificate and for a public key.
pub(crate) fn block(label: &str) -> Option<KeyRefusal> {
    Some(match label {
        "CERTIFICATE" | "PUBLIC KEY" => return None,
        private if private.ends_with("PRIVATE KEY") => KeyRefusal::error(
            "IT IS A PRIVATE KEY: any reader of this file can sign as the client. Treat it as disclosed, generate a new \
             key pair, and register only its certificate or public key",
        ),
        "RSA PUBLIC KEY" => KeyRefusal::error(
            "it is a PKCS#1 public key: convert it with `openssl rsa -RSAPublicKey_in -in FILE -pubout`",
        ),
        "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
            KeyRefusal::error("it is an old form of certificate: convert it with `openssl x509 -in FILE`")
        }
        "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA" => KeyRefusal::error(BUNDLE),
        "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => KeyRefusal::error(REQUEST),
        _ => KeyRefusal::skip("it is neither CERTIFICATE nor PUBLIC KEY and was skipped"),
    })
}

/// What a file without PEM is, if it is recognised as something other than a certificate or a public key.
pub(crate) fn file(bytes: &[u8]) -> Option<&'static str> {
    let near_start = |oid: &[u8]| {
        let head = bytes.get(..bytes.len().min(40)).unwrap_or_default();
        head.windows(oid.len()).any(|window| window == oid)
    };
    match bytes.trim_ascii_start().first()? {
        b'{' => Some(JSON),
        0x30 if near_start(ID_SIGNED_DATA) => Some(BUNDLE_DER),
        0x30 if near_start(ID_DATA) => Some(KEYSTORE),
        0x30 if matches!(X509CertificationRequest::from_der(bytes), Ok(([], _))) => Some(REQUEST),
        _ if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) => {
            Some("it is a JKS keystore: export the certificate with `keytool -exportcert -rfc`")
        }
        _ => None,
    }
}
