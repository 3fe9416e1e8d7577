//! Why a database does not do what was asked. Messages never repeat a value.

/// Why a database does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row with the same key exists.
    #[error("the identity database has a row with this key already")]
    Duplicate,
    /// The transaction was rolled back in favour of another one. [`retry_on_conflict`](crate::retry_on_conflict) begins it
    /// again.
    #[error("another transaction of the identity database had precedence; try again")]
    Conflict,
    /// A row holds what this program never writes.
    #[error("a row of the identity database is corrupt: {detail}")]
    Corrupt {
        /// Which column, and what is wrong.
        detail: String,
    },
    /// The database does not answer, or rejects the call.
    #[error("the identity database is unavailable: {detail}")]
    Unavailable {
        /// What the database says.
        detail: String,
    },
}

impl StoreError {
    /// [`StoreError::Unavailable`].
    pub fn unavailable(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { detail: detail.to_string() }
    }

    /// [`StoreError::Corrupt`].
    pub fn corrupt(detail: impl std::fmt::Display) -> Self {
        Self::Corrupt { detail: detail.to_string() }
    }

    /// What happened, without naming a database.
    pub fn into_detail(self) -> String {
        match self {
            Self::Corrupt { detail } | Self::Unavailable { detail } => detail,
            Self::Duplicate => "a row is there already".to_owned(),
            Self::Conflict => "another transaction had precedence".to_owned(),
        }
    }
}

impl From<StoreError> for dropins_services::Unavailable {
    fn from(error: StoreError) -> Self {
        Self::new("identity database", error)
    }
}
