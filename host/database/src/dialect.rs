//! The words in which the engines differ when a table is made.

/// The words of one engine for the placeholders of a migration.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// `{key}`: text that is compared byte by byte, of at most 255 bytes, fit for a key or an index.
    pub key: &'static str,
    /// `{text}`: text of any length.
    pub text: &'static str,
    /// `{integer}`: a number of 64 bits.
    pub integer: &'static str,
    /// `{options}`: what follows the columns of a table.
    pub options: &'static str,
}

impl Dialect {
    /// The statements of a migration, in the words of this engine.
    pub(crate) fn statements(&self, migration: &str) -> Vec<String> {
        let words = migration
            .replace("{key}", self.key)
            .replace("{text}", self.text)
            .replace("{integer}", self.integer)
            .replace("{options}", self.options);
        words.split(';').map(str::trim).filter(|statement| !statement.is_empty()).map(str::to_owned).collect()
    }
}
