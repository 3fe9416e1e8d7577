//! Strict JSON: one object, UTF-8, no member twice at any level, nesting at most 16, nothing after it.
//!
//! serde_json parses; this visitor adds the checks that it lacks. Names are compared after unescaping (RFC 8725 section
//! 3.1 and RFC 7519 section 4 leave duplicates to the parser; two parsers that choose differently are an attack). A
//! value keeps its type, so that `exp: "123"` or `kid: null` is an error of its rule and never "absent".

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use dropins_plugin::Shown;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// The deepest nesting that is accepted; the outermost object counts as one.
const MAX_DEPTH: u8 = 16;

/// Why a text is not a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is nested too deeply.
    #[error("nesting deeper than 16 levels")]
    TooDeep,
    /// It is not UTF-8, not JSON, not an object, or has something after the object.
    #[error("something else than one JSON object in UTF-8")]
    Malformed,
    /// A member occurs twice in one object.
    #[error("a member that occurs twice in one object")]
    Duplicate,
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number; integers up to 2^53 are exact.
    Number(f64),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

impl Value<'_> {
    /// The text, when it is a string.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// For people: scalars as they are, shortened and escaped; containers by their kind.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a boolean"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Text(text) => Shown(text).fmt(f),
            Self::Object(_) => f.write_str("an object"),
            Self::List(values) => {
                f.write_str("[")?;
                for (position, value) in values.iter().take(4).enumerate() {
                    let separator = if position > 0 { ", " } else { "" };
                    // One level only: a list in a list says no more than its kind.
                    match value {
                        Self::List(_) => write!(f, "{separator}an array")?,
                        other => write!(f, "{separator}{other}")?,
                    }
                }
                if values.len() > 4 { write!(f, ", and {} more]", values.len() - 4) } else { f.write_str("]") }
            }
        }
    }
}

/// A JSON object; the members are sorted by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a>(Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// Parses one object.
    ///
    /// # Errors
    /// [`Flaw`], the first in its own order.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let text = std::str::from_utf8(bytes).map_err(|_| Flaw::Malformed)?;
        let flaw = Cell::new(None);
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let parsed = Reader { depth: 0, flaw: &flaw }.deserialize(&mut deserializer);
        match (parsed, flaw.get()) {
            (Err(_), Some(Flaw::TooDeep)) => Err(Flaw::TooDeep),
            (Ok(Value::Object(object)), flaw) if deserializer.end().is_ok() => flaw.map_or(Ok(object), Err),
            _ => Err(Flaw::Malformed),
        }
    }

    /// The member of this name.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.get(self.position(name)?).map(|(_, value)| value)
    }

    /// Removes the member of this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value<'a>> {
        Some(self.0.remove(self.position(name)?).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(member, _)| member.as_ref().cmp(name)).ok()
    }
}

/// Reads one value and notes flaws that serde_json does not see.
#[derive(Clone, Copy)]
struct Reader<'f> {
    depth: u8,
    flaw: &'f Cell<Option<Flaw>>,
}

impl Reader<'_> {
    /// The reader of the values inside this one.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.flaw.set(Some(Flaw::TooDeep));
            return Err(E::custom(Flaw::TooDeep));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool)
    }

    #[expect(clippy::cast_precision_loss, reason = "times are below 2^53, and nothing else is compared")]
    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "times are below 2^53, and nothing else is compared")]
    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value<'de>, A::Error> {
        let inside = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = array.next_element_seed(inside)? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value<'de>, A::Error> {
        let inside = self.inside()?;
        let mut members = Vec::with_capacity(8);
        while let Some((name, value)) = object.next_entry_seed(inside, inside)? {
            let Value::Text(name) = name else { return Err(A::Error::custom(Flaw::Malformed)) };
            members.push((name, value));
        }
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if members.array_windows().any(|[(one, _), (other, _)]| one == other) {
            self.flaw.set(Some(Flaw::Duplicate));
        }
        Ok(Value::Object(Object(members)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Object<'_>, Flaw> {
        Object::parse(text.as_bytes())
    }

    #[test]
    fn members_keep_their_types() {
        let object = parse(r#" {"a":"x","b":1.5,"c":null,"d":["y",true],"e":{"f":-1},"\u0067":"\u00e9"} "#).unwrap();
        assert_eq!(object.get("a").and_then(Value::text), Some("x"));
        assert_eq!(object.get("b"), Some(&Value::Number(1.5)));
        assert_eq!(object.get("c"), Some(&Value::Null));
        assert_eq!(object.get("d").unwrap().to_string(), r#"["y", a boolean]"#);
        assert_eq!(object.get("e").unwrap().to_string(), "an object");
        assert_eq!(object.get("g").and_then(Value::text), Some("é"));
        assert_eq!(object.get("h"), None);
    }

    #[test]
    fn a_duplicate_is_refused_at_every_level_and_after_unescaping() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":1}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":{"b":1,"b":2}}]}"#,
        ] {
            assert_eq!(parse(text), Err(Flaw::Duplicate), "{text}");
        }
        assert!(parse(r#"{"a":{"a":1},"b":{"a":1},"A":1}"#).is_ok());
    }

    #[test]
    fn sixteen_levels_are_accepted_and_seventeen_are_not() {
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        let arrays = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
        assert!(parse(&nested(16)).is_ok() && parse(&arrays(16)).is_ok());
        assert_eq!(parse(&nested(17)), Err(Flaw::TooDeep));
        assert_eq!(parse(&arrays(17)), Err(Flaw::TooDeep));
        assert_eq!(parse(&arrays(5000)), Err(Flaw::TooDeep));
    }

    #[test]
    fn anything_but_one_object_is_malformed() {
        for text in [
            "",
            " ",
            "null",
            "1",
            "\"a\"",
            "[]",
            "{",
            "{}x",
            "{}{}",
            "{}\0",
            "{'a':1}",
            "{a:1}",
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":"\ud800"}"#,
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
            r#"{"a":NaN}"#,
            r#"{"a":1,"a":2"#,
        ] {
            assert_eq!(parse(text), Err(Flaw::Malformed), "{text:?}");
        }
        assert_eq!(Object::parse(b"{\"a\":\"\xff\"}"), Err(Flaw::Malformed));
        assert!(parse("{}\n").is_ok(), "white space around the object is part of the JSON text (RFC 8259 section 2)");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = Object::parse(&bytes);
        }

        #[test]
        fn text_members_survive_a_round_trip(members in prop::collection::btree_map(".{0,12}", ".{0,24}", 0..12)) {
            let text = serde_json::to_string(&members).unwrap();
            let object = parse(&text).unwrap();
            for (name, value) in &members {
                prop_assert_eq!(object.get(name).and_then(Value::text), Some(value.as_str()));
            }
        }
    }
}
