//! A property of a listener entry, as it is written; the plug-in judges it.

use std::ops::Range;

/// A property of a plug-in, unchecked.
#[derive(Debug, Clone)]
pub struct Property {
    /// Name as it is written.
    pub name: String,
    /// Texts of the value; an array has several.
    pub values: Vec<String>,
    /// Whether the value must stay out of messages.
    pub secret: bool,
    /// Byte range of the value.
    pub span: Range<usize>,
}

impl PartialEq for Property {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.values, self.secret) == (&other.name, &other.values, other.secret)
    }
}

impl Eq for Property {}
