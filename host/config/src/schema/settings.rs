//! Checked values by their path in the schema.
//!
//! A [`Section`] answers with what the file gives, else with the schema's default. A path that the schema does
//! not have is a mistake in this program, which any test finds.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::language::quantity;
use crate::language::tree::{Node, Value};
use crate::schema::keys::{self, Key, Kind};
use crate::schema::property::Property;
use dropins_protocol::Secret;

/// A value of the type that the schema asks for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Typed {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Duration(Duration),
    Size(u64),
    Address(SocketAddr),
    Words(Vec<String>),
}

/// A value that the file gives, and where.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Given {
    pub(crate) value: Typed,
    pub(crate) span: Range<usize>,
    /// Whether it must stay out of messages.
    pub(crate) secret: bool,
    /// Whether the file has it, and not a default that refers to other keys.
    pub(crate) is_written: bool,
}

/// The root, or one element of an array of tables.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Section {
    /// The header, or nothing for the root.
    pub(crate) span: Range<usize>,
    pub(crate) given: BTreeMap<&'static str, Given>,
    /// Keys whose value has been reported as a problem.
    pub(crate) faulty: BTreeSet<&'static str>,
    pub(crate) tables: BTreeMap<&'static str, Vec<Section>>,
    /// Entries of the properties table.
    pub(crate) properties: Vec<Property>,
    /// Properties directly in the section.
    pub(crate) flat: Vec<Property>,
}

impl Section {
    /// Whether the file gives it.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.given.contains_key(path)
    }

    /// Whether the file does not have it, not even with a wrong value.
    pub(crate) fn lacks(&self, path: &str) -> bool {
        !self.has(path) && !self.faulty.contains(path)
    }

    /// Where the value, or the first table of the array, is; the section's header when the file does not give it.
    pub(crate) fn span(&self, path: &str) -> Range<usize> {
        let given = self.given.get(path).map(|given| &given.span);
        let table = || self.elements(path).first().map(|element| &element.span);
        given.or_else(table).unwrap_or(&self.span).clone()
    }

    /// The elements of an array of tables.
    pub(crate) fn elements(&self, path: &str) -> &[Section] {
        self.tables.get(path).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn text(&self, path: &'static str) -> Option<String> {
        match self.value(path) {
            Some(Typed::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn secret(&self, path: &'static str) -> Option<Secret> {
        self.text(path).map(Secret::new)
    }

    pub(crate) fn boolean(&self, path: &'static str) -> bool {
        matches!(self.value(path), Some(Typed::Boolean(true)))
    }

    pub(crate) fn integer(&self, path: &'static str) -> Option<i64> {
        match self.value(path) {
            Some(Typed::Integer(value)) => Some(value),
            _ => None,
        }
    }

    /// An integer whose bounds in the schema are those of the type, or narrower.
    pub(crate) fn number<N: TryFrom<i64> + Default>(&self, path: &'static str) -> N {
        self.integer(path).and_then(|value| N::try_from(value).ok()).unwrap_or_default()
    }

    pub(crate) fn duration(&self, path: &'static str) -> Duration {
        match self.value(path) {
            Some(Typed::Duration(value)) => value,
            _ => Duration::ZERO,
        }
    }

    pub(crate) fn size(&self, path: &'static str) -> u64 {
        match self.value(path) {
            Some(Typed::Size(value)) => value,
            _ => 0,
        }
    }

    pub(crate) fn address(&self, path: &'static str) -> SocketAddr {
        match self.value(path) {
            Some(Typed::Address(value)) => value,
            _ => SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }

    pub(crate) fn words(&self, path: &'static str) -> Vec<String> {
        match self.value(path) {
            Some(Typed::Words(words)) => words,
            _ => Vec::new(),
        }
    }

    fn value(&self, path: &'static str) -> Option<Typed> {
        let key = keys::find(path);
        debug_assert!(key.is_some_and(|key| key.path == path), "{path} is not in the schema");
        if let Some(given) = self.given.get(path) {
            return Some(given.value.clone());
        }
        let default = Node { value: Value::Text(key?.default?.to_owned()), span: 0..0, secret: false };
        typed(key?, &default).ok()
    }
}

/// Gives a value the type of its key; the error says what was expected.
pub(crate) fn typed(key: &Key, node: &Node) -> Result<Typed, String> {
    let text = || node.value.scalar();
    match key.kind {
        Kind::Text | Kind::Secret => match &node.value {
            Value::Text(text) if !text.trim().is_empty() => Ok(Typed::Text(text.clone())),
            // `password = 12345` is what people write.
            Value::Integer(digits) => Ok(Typed::Text(digits.clone())),
            _ => Err("a non-empty string".to_owned()),
        },
        Kind::Boolean => match text() {
            Some(word) if word.eq_ignore_ascii_case("true") => Ok(Typed::Boolean(true)),
            Some(word) if word.eq_ignore_ascii_case("false") => Ok(Typed::Boolean(false)),
            _ => Err("true or false".to_owned()),
        },
        Kind::Integer(min, max) => match text().and_then(|text| text.parse().ok()) {
            Some(value) if (min..=max).contains(&value) => Ok(Typed::Integer(value)),
            _ => Err(format!("an integer from {min} to {max}")),
        },
        Kind::Duration => text()
            .and_then(|text| quantity::duration(&text))
            .map(Typed::Duration)
            .ok_or_else(|| "a duration such as \"30s\", \"500ms\" or \"5m\"; a bare number is seconds".to_owned()),
        Kind::Size(min, max) => match text().and_then(|text| quantity::size(&text)) {
            Some(value) if (min..=max).contains(&value) => Ok(Typed::Size(value)),
            _ => Err(format!("a size from {min} to {max} bytes, such as \"64KiB\" or \"16MiB\"")),
        },
        Kind::Address => text()
            .and_then(|text| address(&text))
            .map(Typed::Address)
            .ok_or_else(|| "an address with a port, such as \"127.0.0.1:9443\"".to_owned()),
        Kind::Choice(words) => text()
            .and_then(|text| choose(words, &text))
            .map(Typed::Text)
            .ok_or_else(|| format!("one of {}", words.join(", "))),
        Kind::Words => words(node).map(Typed::Words).ok_or_else(|| "an array of strings".to_owned()),
        Kind::Choices(allowed) => words(node)
            .and_then(|words| words.iter().map(|word| choose(allowed, word)).collect())
            .map(Typed::Words)
            .ok_or_else(|| format!("an array of {}", allowed.join(", "))),
        Kind::Json => json_text(node).map(Typed::Text).ok_or_else(|| "a table, or its JSON text".to_owned()),
        Kind::Properties | Kind::Tables => Err("a table".to_owned()),
    }
}

fn address(text: &str) -> Option<SocketAddr> {
    let text = text.strip_prefix("localhost:").map_or_else(|| text.to_owned(), |port| format!("127.0.0.1:{port}"));
    text.parse().ok()
}

fn choose(words: &[&str], given: &str) -> Option<String> {
    words.iter().find(|word| word.eq_ignore_ascii_case(given)).map(|word| (*word).to_owned())
}

fn words(node: &Node) -> Option<Vec<String>> {
    match &node.value {
        Value::Text(text) => Some(text.split_whitespace().map(str::to_owned).collect()),
        Value::List(items) => items
            .iter()
            .map(|item| match &item.value {
                Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => None,
    }
}

fn json_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => {
            let value: serde_json::Value = serde_json::from_str(text).ok()?;
            value.is_object().then(|| text.clone())
        }
        Value::Table(_) => Some(json(&node.value)?.to_string()),
        _ => None,
    }
}

fn json(value: &Value) -> Option<serde_json::Value> {
    Some(match value {
        Value::Text(text) => text.clone().into(),
        Value::Integer(digits) => digits.parse::<i64>().ok()?.into(),
        Value::Float(digits) => digits.parse::<f64>().ok()?.into(),
        Value::Boolean(value) => (*value).into(),
        Value::List(items) => items.iter().map(|item| json(&item.value)).collect::<Option<Vec<_>>>()?.into(),
        Value::Table(table) => {
            let members = table.entries.iter().map(|entry| Some((entry.key.clone(), json(&entry.node.value)?)));
            serde_json::Value::Object(members.collect::<Option<_>>()?)
        }
        Value::Date(_) | Value::Unresolved => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_without_a_reference_has_the_type_of_its_key() {
        for key in keys::KEYS {
            let Some(default) = key.default.filter(|default| !default.contains('$')) else { continue };
            let node = Node { value: Value::Text(default.to_owned()), span: 0..0, secret: false };
            assert!(typed(key, &node).is_ok(), "{}: {:?}", key.path, typed(key, &node));
        }
    }

    fn typed_as(kind: Kind, value: Value) -> Result<Typed, String> {
        let key = Key { path: "x", kind, default: None, doc: "", aliases: &[] };
        typed(&key, &Node { value, span: 0..0, secret: false })
    }

    #[test]
    fn numbers_and_booleans_may_be_quoted() {
        let text = |text: &str| Value::Text(text.to_owned());
        assert_eq!(typed_as(Kind::Integer(0, 9), text("9")), Ok(Typed::Integer(9)));
        assert_eq!(typed_as(Kind::Integer(0, 9), Value::Integer("9".into())), Ok(Typed::Integer(9)));
        assert!(
            typed_as(Kind::Integer(0, 9), text("10")).is_err() && typed_as(Kind::Integer(0, 9), text("x")).is_err()
        );
        assert_eq!(typed_as(Kind::Boolean, text("True")), Ok(Typed::Boolean(true)));
        assert!(typed_as(Kind::Boolean, text("yes")).is_err());
    }

    #[test]
    fn addresses_are_numbers_or_localhost() {
        let parse = |text: &str| typed_as(Kind::Address, Value::Text(text.to_owned()));
        for text in ["127.0.0.1:9443", "[::1]:1", "localhost:80"] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in ["9443", "example.com:80", "127.0.0.1", "127.0.0.1:99999"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn json_is_a_table_or_its_text() {
        let (root, _) = crate::language::tree::parse("t = { keys = [{ kty = 'EC', n = 1 }] }\ns = '[]'");
        let parse = |path| typed_as(Kind::Json, root.at(path).unwrap().value.clone());
        assert_eq!(parse("t"), Ok(Typed::Text(r#"{"keys":[{"kty":"EC","n":1}]}"#.to_owned())));
        assert!(parse("s").is_err());
    }
}
