//! One JSON Web Key (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2, RFC 9964 section 3).
//!
//! Rejects private and symmetric members, wrong types, unsafe numbers, an `alg` that does not fit and an `x5c` for
//! another key. Skips unsupported key types, curves and uses. Ignores unknown members.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, Curve};
use crate::base64url;
use crate::certificate::Certificate;
use crate::client_key::{CertificateFacts, ClientKey};
use crate::key_purpose::KeyPurpose;
use crate::material::Material;
use crate::ml_dsa::MlDsa;
use crate::reading::KeyRefusal;
use crate::text::quoted;

/// Members of private keys (RFC 7518 section 6.3.2; `d` is also that of EC and OKP, `priv` that of AKP).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "priv"];

/// Reads a key; `warn` receives warnings about a key that is used.
pub(crate) fn read(
    jwk: &Value,
    source: &str,
    purpose: KeyPurpose,
    now: i64,
    warn: &mut dyn FnMut(String),
) -> Result<ClientKey, KeyRefusal> {
    let Value::Object(members) = jwk else {
        return Err(KeyRefusal::error("it is not a JSON object"));
    };
    let jwk = Members(members);
    refuse_secrets(&jwk)?;
    let kid = jwk.string("kid")?.map(str::to_owned);
    check_use(&jwk, purpose)?;
    let material = material(&jwk, warn)?;
    let declared = declared_algorithm(&jwk, &material)?;
    let certificate = certificate(&jwk, &material, now, warn)?;
    ClientKey::new(material, declared, kid, certificate, source.to_owned()).map_err(KeyRefusal::error)
}

/// The members of one key. What libraries write for "not set" (`null`, an empty string, an empty array) is absent.
struct Members<'a>(&'a Map<String, Value>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(elements) => !elements.is_empty(),
            _ => true,
        })
    }

    fn string(&self, name: &str) -> Result<Option<&'a str>, KeyRefusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(wrong_type(name, "a string", other)),
        }
    }

    fn strings(&self, name: &str) -> Result<Option<Vec<&'a str>>, KeyRefusal> {
        let Some(value) = self.get(name) else {
            return Ok(None);
        };
        let elements = value.as_array().and_then(|array| array.iter().map(Value::as_str).collect());
        elements.map(Some).ok_or_else(|| wrong_type(name, "an array of strings", value))
    }

    fn bytes(&self, name: &str) -> Result<Vec<u8>, KeyRefusal> {
        let text = self.string(name)?.ok_or_else(|| KeyRefusal::error(format!("the member {name:?} is missing")))?;
        base64url::decode(text).ok_or_else(|| {
            KeyRefusal::error(format!(
                "the member {name:?} is not base64url: use A-Z a-z 0-9 - _ without padding, white space or stray bits"
            ))
        })
    }
}

fn wrong_type(name: &str, expected: &str, received: &Value) -> KeyRefusal {
    let received = match received {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array with other elements",
        Value::Object(_) => "an object",
    };
    KeyRefusal::error(format!("the member {name:?} is {received}, it must be {expected}"))
}

fn refuse_secrets(jwk: &Members<'_>) -> Result<(), KeyRefusal> {
    if jwk.get("k").is_some() || jwk.get("kty").is_some_and(|kty| kty == "oct") {
        return Err(KeyRefusal::error(
            "IT IS A SYMMETRIC KEY: any reader of this file can sign as the client. Treat it as disclosed, and register \
             the public key of a new RSA, EC, Ed25519 or ML-DSA key pair",
        ));
    }
    match PRIVATE_MEMBERS.into_iter().find(|name| jwk.get(name).is_some()) {
        Some(name) => Err(KeyRefusal::error(format!(
            "IT IS A PRIVATE KEY (member {name:?}): any reader of this file can sign as the client. Treat it as \
             disclosed, generate a new key pair, and register only its public members"
        ))),
        None => Ok(()),
    }
}

/// `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3). Sets commonly hold an encryption key too.
fn check_use(jwk: &Members<'_>, wanted: KeyPurpose) -> Result<(), KeyRefusal> {
    let purpose = jwk.string("use")?;
    if !wanted.includes(purpose) {
        let received = purpose.map_or_else(|| "missing".to_owned(), quoted);
        return Err(KeyRefusal::skip(format!("its \"use\" is {received}, only {} verify", wanted.wanted())));
    }
    match jwk.strings("key_ops")? {
        Some(operations) if !operations.contains(&"verify") => Err(KeyRefusal::skip(format!(
            "its \"key_ops\" is {}, only keys with \"verify\" or without \"key_ops\" verify",
            quoted(&operations.join(" "))
        ))),
        _ => Ok(()),
    }
}

fn material(jwk: &Members<'_>, warn: &mut dyn FnMut(String)) -> Result<Material, KeyRefusal> {
    let crv = || jwk.string("crv")?.ok_or_else(|| KeyRefusal::error("the member \"crv\" is missing"));
    let unknown_curve = |crv: &str| {
        KeyRefusal::skip(format!("the curve {} is not supported; use P-256, P-384, P-521 or Ed25519", quoted(crv)))
    };
    let material = match jwk.string("kty")? {
        Some("RSA") => {
            let (n, e) = (jwk.bytes("n")?, jwk.bytes("e")?);
            for (name, number) in [("n", &n), ("e", &e)] {
                if number.first() == Some(&0) {
                    warn(format!(
                        "the member {name:?} begins with a zero byte, as Java's BigInteger writes it: RFC 7518 section \
                         6.3.1 wants it left out, and other servers reject it"
                    ));
                }
            }
            Material::rsa(&n, &e)
        }
        Some("EC") => {
            let crv = crv()?;
            let curve = Curve::ALL.into_iter().find(|curve| curve.name() == crv).ok_or_else(|| unknown_curve(crv))?;
            Material::ec(curve, &jwk.bytes("x")?, &jwk.bytes("y")?)
        }
        Some("OKP") => match crv()? {
            "Ed25519" => Material::ed25519(&jwk.bytes("x")?),
            other => return Err(unknown_curve(other)),
        },
        Some("AKP") => {
            // A key of this type is one of a single algorithm, which its `alg` names.
            let alg = jwk.string("alg")?.ok_or_else(|| KeyRefusal::error("the member \"alg\" is missing"))?;
            let set = MlDsa::ALL.into_iter().find(|set| set.algorithm().name() == alg).ok_or_else(|| {
                KeyRefusal::skip(format!(
                    "its \"alg\" is {}, which does not verify here; it may be ML-DSA-44, ML-DSA-65 or ML-DSA-87",
                    quoted(alg)
                ))
            })?;
            Material::ml_dsa(set, &jwk.bytes("pub")?)
        }
        Some(other) => {
            return Err(KeyRefusal::skip(format!(
                "the key type {} is not supported; use RSA, EC, OKP or AKP",
                quoted(other)
            )));
        }
        None => return Err(KeyRefusal::error("the member \"kty\" is missing: it must be RSA, EC, OKP or AKP")),
    };
    material.map_err(KeyRefusal::error)
}

/// The declared `alg` (RFC 7517 section 4.4), when it is one of ours and fits.
fn declared_algorithm(jwk: &Members<'_>, material: &Material) -> Result<Option<Algorithm>, KeyRefusal> {
    let Some(name) = jwk.string("alg")? else {
        return Ok(None);
    };
    let kind = material.kind();
    let fitting = || kind.algorithms().map(Algorithm::name).collect::<Vec<_>>().join(", ");
    match Algorithm::parse(name) {
        Some(algorithm) if algorithm.key_kind() == kind => Ok(Some(algorithm)),
        Some(_) => Err(KeyRefusal::error(format!(
            "its \"alg\" is {name:?}, a key of type {kind} fits {}: correct it",
            fitting()
        ))),
        None if name == "none" || name.starts_with("HS") => Err(KeyRefusal::error(format!(
            "its \"alg\" is {}, which is never accepted; it may be {}",
            quoted(name),
            fitting()
        ))),
        None => Err(KeyRefusal::skip(format!(
            "its \"alg\" is {}, which does not verify here; it may be {}",
            quoted(name),
            fitting()
        ))),
    }
}

/// The first certificate of `x5c` (RFC 7517 section 4.7), which must hold this very key. It lends the key its
/// thumbprints; its validity is informational and ends nothing.
fn certificate(
    jwk: &Members<'_>,
    material: &Material,
    now: i64,
    warn: &mut dyn FnMut(String),
) -> Result<Option<CertificateFacts>, KeyRefusal> {
    let Some(chain) = jwk.strings("x5c")? else {
        return Ok(None);
    };
    let first = chain.first().copied().unwrap_or_default();
    let der = STANDARD.decode(first).map_err(|_| {
        KeyRefusal::error("the first element of \"x5c\" is not base64 (not base64url, RFC 7517 section 4.7)")
    })?;
    let certificate = Certificate::from_der(&der)
        .map_err(|refusal| KeyRefusal::error(format!("the first certificate of \"x5c\": {}", refusal.message)))?;
    if certificate.material().is_ok_and(|certified| certified == *material) {
        if let Some(expired) = certificate.validity().expired(now) {
            warn(format!("its \"x5c\" is informational: {expired}, and the key stays in use"));
        }
        Ok(Some(certificate.thumbprints()))
    } else {
        Err(KeyRefusal::error("the first certificate of \"x5c\" holds another key: correct it or leave \"x5c\" out"))
    }
}
