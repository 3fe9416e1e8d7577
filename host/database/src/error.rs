//! Why the database does not do what was asked. Messages never repeat a value.

/// Why the database does not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A row with the same key is there already.
    #[error("the identity database has a row with this key already")]
    Taken,
    /// Two transactions stood in each other's way and this one was undone. [`repeated`](crate::repeated)
    /// begins it anew.
    #[error("another transaction of the identity database had precedence; try again")]
    GaveWay,
    /// A row holds what this program never writes.
    #[error("a row of the identity database is damaged: {detail}")]
    Damaged {
        /// Which column, and what is wrong.
        detail: String,
    },
    /// The database does not answer, or it refuses.
    #[error("the identity database is unavailable: {detail}")]
    Unavailable {
        /// What the database says.
        detail: String,
    },
}

impl StoreError {
    /// Unavailable, with what the database says.
    pub fn unavailable(detail: impl std::fmt::Display) -> Self {
        Self::Unavailable { detail: detail.to_string() }
    }

    /// A corrupt row: the column, and what is wrong with it.
    pub fn damaged(detail: impl std::fmt::Display) -> Self {
        Self::Damaged { detail: detail.to_string() }
    }
}

impl From<StoreError> for dropins_services::Unavailable {
    fn from(error: StoreError) -> Self {
        Self::new("identity database", error)
    }
}
