//! The parser: `serde_json` with a visitor that notes duplicates and stops at the depth limit.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::error::Error;
use crate::value::{Object, Value};

/// The deepest nesting that is accepted; the outermost array or object counts as one.
pub const MAX_DEPTH: u8 = 16;

/// Reads one value.
///
/// # Errors
/// [`Error`] says what is wrong, and where.
pub fn parse(text: &[u8]) -> Result<Value<'_>, Error> {
    let noted = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = Reader { depth: 0, noted: &noted }.deserialize(&mut deserializer);
    match (parsed, noted.into_inner()) {
        (Err(_), Some(too_deep @ Error::TooDeep)) => Err(too_deep),
        (Err(error), _) => Err(error.into()),
        (Ok(value), noted) => {
            deserializer.end()?;
            noted.map_or(Ok(value), Err)
        }
    }
}

impl<'a> Object<'a> {
    /// Reads a text that must be one object.
    ///
    /// # Errors
    /// [`Error`] says what is wrong, and where.
    pub fn parse(text: &'a [u8]) -> Result<Self, Error> {
        match parse(text)? {
            Value::Object(object) => Ok(object),
            _ => Err(Error::NotAnObject),
        }
    }
}

/// Reads one value and notes the flaws that `serde_json` does not see.
#[derive(Clone, Copy)]
struct Reader<'n> {
    depth: u8,
    noted: &'n RefCell<Option<Error>>,
}

impl Reader<'_> {
    /// The reader of the values inside this one.
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            self.noted.replace(Some(Error::TooDeep));
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    /// Sorts the members of an object and notes the first name that occurs twice.
    fn object<'de>(self, mut members: Vec<(Cow<'de, str>, Value<'de>)>) -> Value<'de> {
        members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut pairs = members.array_windows();
        if let Some([(name, _), _]) = pairs.find(|[(one, _), (other, _)]| one == other) {
            self.noted.borrow_mut().get_or_insert_with(|| Error::Duplicate(name.to_string()));
        }
        Value::Object(Object(members))
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
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value<'de>, E> {
        Ok(Value::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value<'de>, E> {
        Ok(Number::from_f64(number).map_or(Value::Null, Value::Number))
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
            let Value::Text(name) = name else { return Err(A::Error::custom("a name is not a string")) };
            members.push((name, value));
        }
        Ok(self.object(members))
    }
}
