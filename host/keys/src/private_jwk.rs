//! A private key in a JWK or in a JWK set (RFC 7517, RFC 7518 section 6, RFC 8037 section 2, RFC 9964 section 3).
//!
//! Of several private keys in a set, the caller chooses one by `kid` or algorithm. Public and symmetric keys in the set
//! are ignored. No error quotes a member.

use dropins_strict_json::{Object, Value};
use zeroize::Zeroizing;

use crate::algorithm::{Algorithm, Curve, KeyKind};
use crate::key_pair::KeyPair;
use crate::ml_dsa::MlDsa;
use crate::signing_error::SigningError;
use crate::text::quoted;
use crate::{base64url, der_writer};

/// Which private key of a set is meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyChoice<'a> {
    /// Its `kid`.
    pub kid: Option<&'a str>,
    /// An algorithm that it must fit.
    pub algorithm: Option<Algorithm>,
}

/// A private key with what its JWK says about it.
pub(crate) struct PrivateJwk {
    pub(crate) pair: KeyPair,
    pub(crate) kid: Option<String>,
    pub(crate) declared: Option<Algorithm>,
}

/// Reads a JWK or a JWK set.
pub(crate) fn read(text: &[u8], choice: &KeyChoice<'_>) -> Result<PrivateJwk, SigningError> {
    let object = Object::parse(text).map_err(|error| SigningError::Jwk(format!("it is not valid JSON: {error}")))?;
    match object.get("keys") {
        None => key(&object),
        Some(Value::List(keys)) => key(chosen(keys, choice)?),
        Some(_) => Err(problem("the member \"keys\" must be an array of keys")),
    }
}

fn chosen<'a>(keys: &'a [Value<'a>], choice: &KeyChoice<'_>) -> Result<&'a Object<'a>, SigningError> {
    let object = |key: &'a Value<'a>| match key {
        Value::Object(object) => Some(object),
        _ => None,
    };
    let private: Vec<_> = keys.iter().filter_map(object).filter(|key| is_private(key)).collect();
    let named = |key: &&Object<'_>| choice.kid.is_none_or(|kid| text(key, "kid") == Some(kid));
    let fits = |key: &&Object<'_>| choice.algorithm.is_none_or(|algorithm| fits(key, algorithm));
    match private.as_slice() {
        [] => Err(problem("the key set holds no private key: a private key has the member \"d\" or \"priv\"")),
        [only] => Ok(only),
        several => match several.iter().copied().filter(named).filter(fits).collect::<Vec<_>>().as_slice() {
            [one] => Ok(one),
            matching => Err(SigningError::Choice { private: several.len(), matching: matching.len() }),
        },
    }
}

/// Whether the key has its private number, or its seed.
fn is_private(key: &Object<'_>) -> bool {
    text(key, "d").or(text(key, "priv")).is_some()
}

/// Whether the key's `alg`, or its type and curve where it has none, fits.
fn fits(key: &Object<'_>, algorithm: Algorithm) -> bool {
    match text(key, "alg") {
        Some(alg) => Algorithm::parse(alg).is_some_and(|declared| declared.is_same_as(algorithm)),
        None => match algorithm.key_kind() {
            KeyKind::Ec(curve) => text(key, "kty") == Some("EC") && text(key, "crv") == Some(curve.name()),
            KeyKind::Ed25519 => text(key, "crv") == Some("Ed25519"),
            KeyKind::Rsa => text(key, "kty") == Some("RSA"),
            // Its `alg` is required.
            KeyKind::MlDsa(_) => false,
        },
    }
}

fn key(jwk: &Object<'_>) -> Result<PrivateJwk, SigningError> {
    if text(jwk, "kty") == Some("oct") || text(jwk, "k").is_some() {
        return Err(problem("it is a symmetric key, and no algorithm here signs with one"));
    }
    if text(jwk, "kty").is_some() && !is_private(jwk) {
        return Err(problem("it is a public key: a private key has the member \"d\", one of type AKP \"priv\""));
    }
    let pair = match text(jwk, "kty") {
        Some("RSA") => rsa(jwk)?,
        Some("EC") => ec(jwk)?,
        Some("OKP") if text(jwk, "crv") == Some("Ed25519") => {
            KeyPair::from_ed25519_seed(&number(jwk, "d")?, &number(jwk, "x")?)
        }
        Some("AKP") => ml_dsa(jwk)?,
        Some(_) => None,
        None => return Err(problem("the member \"kty\" is missing: it must be RSA, EC, OKP or AKP")),
    };
    let declared = match text(jwk, "alg") {
        Some(alg) => Some(Algorithm::parse(alg).ok_or_else(|| {
            problem(format!("its \"alg\" is {}, which no key here signs with: correct it or leave it out", quoted(alg)))
        })?),
        None => None,
    };
    let kid = text(jwk, "kid").map(str::to_owned);
    Ok(PrivateJwk { pair: pair.ok_or(SigningError::Unusable)?, kid, declared })
}

/// By way of PKCS#1, the form that aws-lc-rs reads.
fn rsa(jwk: &Object<'_>) -> Result<Option<KeyPair>, SigningError> {
    let mut integers = Zeroizing::new(Vec::new());
    der_writer::unsigned(&mut integers, &[0]);
    for name in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        der_writer::unsigned(&mut integers, &number(jwk, name)?);
    }
    let mut der = Zeroizing::new(Vec::with_capacity(integers.len() + 8));
    der_writer::header(&mut der, 0x30, integers.len());
    der.extend_from_slice(&integers);
    Ok(KeyPair::from_pkcs1(&der))
}

/// From the seed; a `pub` must be its own.
fn ml_dsa(jwk: &Object<'_>) -> Result<Option<KeyPair>, SigningError> {
    let Some(set) = MlDsa::ALL.into_iter().find(|set| Some(set.algorithm().name()) == text(jwk, "alg")) else {
        return Ok(None);
    };
    let Some(pair) = KeyPair::from_ml_dsa_seed(set, &number(jwk, "priv")?) else { return Ok(None) };
    let own = pair.public_der()?;
    Ok(Some(pair).filter(|_| {
        text(jwk, "pub").is_none_or(|public| base64url::decode(public).is_some_and(|public| own.ends_with(&public)))
    }))
}

fn ec(jwk: &Object<'_>) -> Result<Option<KeyPair>, SigningError> {
    let crv = text(jwk, "crv");
    let Some(curve) = Curve::ALL.into_iter().find(|curve| Some(curve.name()) == crv) else { return Ok(None) };
    let full = |name| {
        let number = number(jwk, name)?;
        let missing = curve.coordinate_bytes().checked_sub(number.len()).ok_or(SigningError::Unusable)?;
        Ok::<_, SigningError>(Zeroizing::new([vec![0; missing], number.to_vec()].concat()))
    };
    let point = [&[4], full("x")?.as_slice(), full("y")?.as_slice()].concat();
    Ok(KeyPair::from_ec_numbers(curve, &full("d")?, &point))
}

/// A member with a value; `null` and the empty string are absent.
fn text<'a>(jwk: &'a Object<'_>, name: &str) -> Option<&'a str> {
    jwk.get(name).and_then(Value::text).filter(|text| !text.is_empty())
}

fn number(jwk: &Object<'_>, name: &str) -> Result<Zeroizing<Vec<u8>>, SigningError> {
    let text =
        text(jwk, name).ok_or_else(|| problem(format!("the member {name:?} is missing: export the whole key")))?;
    let bytes = base64url::decode(text).ok_or_else(|| problem(format!("the member {name:?} is not base64url")))?;
    Ok(Zeroizing::new(bytes))
}

fn problem(text: impl Into<String>) -> SigningError {
    SigningError::Jwk(text.into())
}

#[cfg(test)]
mod tests;
