//! What must hold besides the rules of a plug-in. The host settles it after the plug-in has returned.

use std::fmt;

use crate::rule::Reason;

/// A condition of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition<R: Reason> {
    /// The rule that its failure breaks.
    pub reason: R,
    /// What must hold.
    pub requirement: Requirement,
}

/// What must hold.
#[derive(Clone, PartialEq, Eq)]
pub enum Requirement {
    /// The client did not use this identifier before. At most one in a verdict, and the last condition.
    Unused(Unused),
    /// The text is the client's secret.
    Secret(String),
    /// The time is not over, in seconds since the Unix epoch; nothing that is issued is valid after it.
    NotAfter(u64),
}

/// Never shows a secret.
impl fmt::Debug for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unused(unused) => unused.fmt(f),
            Self::Secret(_) => f.write_str("Secret(..)"),
            Self::NotAfter(time) => write!(f, "NotAfter({time})"),
        }
    }
}

/// An identifier that is consumed with the verdict. Times are seconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// The identifier, 1 to 255 bytes.
    pub identifier: String,
    /// When the credential was issued, for people who read the table.
    pub issued_at: Option<u64>,
    /// When the pair of client and identifier is free again.
    pub expires_at: u64,
    /// Whether a cache may answer that it was used.
    pub cached: bool,
    /// For how many seconds the client may repeat a request that ended in a server error; 0 is never.
    pub retry_window: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", Requirement::Secret("hunter2".to_owned())), "Secret(..)");
    }
}
