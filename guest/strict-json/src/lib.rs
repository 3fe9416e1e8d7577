//! JSON as plug-ins and the server read it: UTF-8, no duplicate member at any level, nesting of at most 16, nothing
//! after the value.
//!
//! Readers disagree on which of two equal members wins, so a text that has both tells each reader something else
//! (RFC 7519 section 4 and RFC 8725 section 3.1 leave the choice to the parser). `serde_json` parses; this crate adds
//! what it does not check. Names are compared after unescaping. A value keeps its type, so that `exp: "123"` or
//! `kid: null` can be rejected by the rule that reads it and is never "absent".

#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod error;
mod reader;
mod value;

pub use error::{Error, Flaw};
pub use reader::{MAX_DEPTH, parse};
pub use value::{Object, Value};

/// Reads one value into the type of `serde_json`.
///
/// # Errors
/// [`Error`] says what is wrong, and where.
pub fn parse_json(text: &[u8]) -> Result<serde_json::Value, Error> {
    parse(text).map(Value::into_json)
}

#[cfg(test)]
mod tests;
