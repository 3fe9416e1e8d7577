//! A JSON Web Key Set (RFC 7517 section 5): at most 64 KiB and 64 keys, read strictly.
//!
//! A text that is not a key set yields no key. In a key set, each key is accepted or rejected on its own.

use std::sync::Arc;

use serde_json::Value;

use crate::finding::Severity;
use crate::key_purpose::KeyPurpose;
use crate::reading::Reading;
use crate::text::{foreign_encoding, quoted, without_mark};
use crate::{jwk, pem};

/// The largest registered key set, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// The largest number of keys in a set.
const MAX_KEYS: usize = 64;

/// Reads a key set; `now` in seconds since the Unix epoch.
pub(crate) fn read(text: &[u8], source: String, purpose: KeyPurpose, now: i64) -> Reading {
    read_set(text, source.clone(), purpose, now, MAX_BYTES).unwrap_or_else(|message| {
        let mut reading = Reading::new(source);
        reading.report(Severity::Error, "", message);
        reading
    })
}

/// Reads a key set of at most `max_bytes`; a set without a usable key is one.
///
/// # Errors
/// Why the text is no key set.
pub(crate) fn read_set(
    text: &[u8],
    source: String,
    purpose: KeyPurpose,
    now: i64,
    max_bytes: usize,
) -> Result<Reading, String> {
    let mut reading = Reading::new(source);
    for (index, jwk) in keys(text, max_bytes)?.iter().enumerate() {
        read_key(&mut reading, index, jwk, purpose, now);
    }
    Ok(reading.finish())
}

/// The elements of `keys`.
fn keys(text: &[u8], max_bytes: usize) -> Result<Vec<Value>, String> {
    if text.len() > max_bytes {
        return Err(format!("the key set has {} bytes, allowed are {max_bytes}", text.len()));
    }
    let text = without_mark(text);
    if let Some(what) = foreign_encoding(text) {
        return Err(format!("the key set cannot be read: {what}"));
    }
    if pem::is_pem(text) {
        return Err("it is PEM, not a JWK set: register it as a certificate".to_owned());
    }
    let value =
        dropins_strict_json::parse_json(text).map_err(|error| format!("the key set is not valid JSON: {error}"))?;
    let Value::Object(mut members) = value else {
        return Err("a key set is a JSON object with the member \"keys\": {\"keys\": [ ... ]}".to_owned());
    };
    match members.remove("keys") {
        Some(Value::Array(keys)) if keys.len() > MAX_KEYS => {
            Err(format!("the key set holds {} keys, allowed are {MAX_KEYS}", keys.len()))
        }
        Some(Value::Array(keys)) => Ok(keys),
        Some(Value::Null) => Err("the member \"keys\" is null: a key set is {\"keys\": [ ... ]}".to_owned()),
        Some(_) => Err("the member \"keys\" must be an array of keys: {\"keys\": [ ... ]}".to_owned()),
        None if members.contains_key("kty") => {
            Err("this is one key, not a key set: wrap it, {\"keys\": [ the key ]}".to_owned())
        }
        None => Err("the member \"keys\" is missing: a key set is {\"keys\": [ ... ]}".to_owned()),
    }
}

fn read_key(reading: &mut Reading, index: usize, jwk: &Value, purpose: KeyPurpose, now: i64) {
    let label = label(index, jwk);
    let mut warnings = Vec::new();
    match jwk::read(jwk, &reading.source, purpose, now, &mut |warning| warnings.push(warning)) {
        Ok(key) => {
            let (kid, kty) = (key.kid(), key.kind().kty());
            let twin = |other: &Arc<crate::ClientKey>| other.kid() == kid && other.kind().kty() == kty;
            if kid.is_some() && reading.keys.iter().any(twin) {
                let message =
                    format!("an earlier {kty} key has the same \"kid\": give each key its own, such as its thumbprint");
                reading.report(Severity::Error, &label, message);
            }
            reading.add(&label, key, now);
        }
        Err(refusal) => reading.refuse(&label, refusal),
    }
    for warning in warnings {
        reading.report(Severity::Warning, &label, warning);
    }
}

/// `keys[2] (kid "a")`
fn label(index: usize, jwk: &Value) -> String {
    match jwk.get("kid").and_then(Value::as_str) {
        Some(kid) => format!("keys[{index}] (kid {})", quoted(kid)),
        None => format!("keys[{index}]"),
    }
}

#[cfg(test)]
mod tests;
