//! Why a text is rejected.

/// What is wrong with a text. If several flaws apply, the first of this list is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Arrays and objects are nested too deeply.
    #[error("nesting deeper than 16 levels")]
    TooDeep,
    /// It is not UTF-8, not JSON, not of the expected type, or has something after the value.
    #[error("something else than one JSON object in UTF-8")]
    Malformed,
    /// A member occurs twice in one object.
    #[error("a member that occurs twice in one object")]
    Duplicate,
}

/// A rejected text, with the place or the member for people.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// [`Flaw::TooDeep`].
    #[error("arrays and objects are nested deeper than 16 levels")]
    TooDeep,
    /// [`Flaw::Malformed`]: the parser's reason, with line and column.
    #[error("{0}")]
    Syntax(#[from] serde_json::Error),
    /// [`Flaw::Malformed`]: JSON, but not an object.
    #[error("it is not an object")]
    NotAnObject,
    /// [`Flaw::Duplicate`].
    #[error("the member {} occurs twice in one object", shortened(.0))]
    Duplicate(String),
}

impl Error {
    /// The kind of flaw.
    #[must_use]
    pub const fn flaw(&self) -> Flaw {
        match self {
            Self::TooDeep => Flaw::TooDeep,
            Self::Syntax(_) | Self::NotAnObject => Flaw::Malformed,
            Self::Duplicate(_) => Flaw::Duplicate,
        }
    }
}

/// A foreign name: quoted, control characters escaped, cut after 64 characters.
fn shortened(name: &str) -> String {
    match name.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}...", name.get(..end).unwrap_or_default()),
        None => format!("{name:?}"),
    }
}
