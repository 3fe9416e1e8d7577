//! The values of statements and rows: text, whole numbers and `NULL`.
//!
//! There are no other types, because no other means the same on every engine: a truth value is 0 or 1, a time is seconds
//! since the Unix epoch, a list is its JSON text.

use std::fmt::Display;
use std::sync::Arc;

use crate::error::StoreError;

/// A value in a statement or in a row.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// Text, compared byte by byte in a key.
    Text(String),
    /// A whole number.
    Integer(i64),
}

/// Only the kind: a value may be a secret.
impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Null => "Null",
            Self::Text(_) => "Text",
            Self::Integer(_) => "Integer",
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// A number beyond the column's range becomes the largest.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Integer(truth.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One row of an answer. A column is named as in the statement, or by its place from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

/// Names a column of a row.
pub trait Column: Copy + Display {
    /// Its place among these names, from 0.
    fn place(self, names: &[String]) -> Option<usize>;
}

impl Column for usize {
    fn place(self, _: &[String]) -> Option<usize> {
        Some(self)
    }
}

/// In any case, because PostgreSQL answers in lower case.
impl Column for &str {
    fn place(self, names: &[String]) -> Option<usize> {
        names.iter().position(|name| name.eq_ignore_ascii_case(self))
    }
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// Text.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds no text.
    pub fn text(&self, column: impl Column) -> Result<String, StoreError> {
        self.optional_text(column)?.ok_or_else(|| corrupt(column, "text"))
    }

    /// Text, if any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds a number.
    pub fn optional_text(&self, column: impl Column) -> Result<Option<String>, StoreError> {
        match self.value(column) {
            Some(Value::Text(text)) => Ok(Some(text.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(corrupt(column, "text")),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds no number.
    pub fn integer(&self, column: impl Column) -> Result<i64, StoreError> {
        self.optional_integer(column)?.ok_or_else(|| corrupt(column, "number"))
    }

    /// A whole number, if any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds text.
    pub fn optional_integer(&self, column: impl Column) -> Result<Option<i64>, StoreError> {
        match self.value(column) {
            Some(Value::Integer(number)) => Ok(Some(*number)),
            Some(Value::Null) => Ok(None),
            _ => Err(corrupt(column, "number")),
        }
    }

    /// A whole number from 0, such as a time.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds no number from 0.
    pub fn unsigned(&self, column: impl Column) -> Result<u64, StoreError> {
        self.optional_unsigned(column)?.ok_or_else(|| corrupt(column, "number"))
    }

    /// A whole number from 0, if any.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds text or a number below 0.
    pub fn optional_unsigned(&self, column: impl Column) -> Result<Option<u64>, StoreError> {
        let number = self.optional_integer(column)?.map(u64::try_from);
        number.transpose().map_err(|_| corrupt(column, "number from 0"))
    }

    /// A truth value: 0 is false, any other number true.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the column holds no number.
    pub fn boolean(&self, column: impl Column) -> Result<bool, StoreError> {
        self.integer(column).map(|number| number != 0)
    }

    fn value(&self, column: impl Column) -> Option<&Value> {
        self.values.get(column.place(&self.columns)?)
    }
}

fn corrupt(column: impl Column, wanted: &str) -> StoreError {
    StoreError::corrupt(format_args!("the column {column} holds no {wanted}"))
}
