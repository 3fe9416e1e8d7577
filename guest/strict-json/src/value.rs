//! A JSON value that borrows from its text where it can.

use std::borrow::Cow;

use serde_json::Number;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Self>),
    /// An object.
    Object(Object<'a>),
}

impl Value<'_> {
    /// The text, if it is a string.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one; integers up to 2^53 are exact.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The same value in the type of `serde_json`.
    #[must_use]
    pub fn into_json(self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => value.into(),
            Self::Number(number) => number.into(),
            Self::Text(text) => text.into_owned().into(),
            Self::List(values) => values.into_iter().map(Self::into_json).collect(),
            Self::Object(Object(members)) => {
                members.into_iter().map(|(name, value)| (name.into_owned(), value.into_json())).collect()
            }
        }
    }
}

/// A JSON object; its members are sorted by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<'a>(pub(crate) Vec<(Cow<'a, str>, Value<'a>)>);

impl<'a> Object<'a> {
    /// The member of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.get(self.position(name)?).map(|(_, value)| value)
    }

    /// Removes the member of this name.
    pub fn take(&mut self, name: &str) -> Option<Value<'a>> {
        Some(self.0.remove(self.position(name)?).1)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(member, _)| member.as_ref().cmp(name)).ok()
    }
}
