//! What a plug-in answers about a request, before its conditions are settled.

use std::fmt;

use crate::contract::decision::{Client, Rejection};

/// What a plug-in answers to `authenticate`.
#[derive(Debug)]
pub(crate) enum Outcome {
    Unclaimed,
    Authenticated(Vouched),
    Rejected(Rejection),
    Unavailable(String),
}

/// A client that is authenticated if the conditions hold.
#[derive(Debug)]
pub(crate) struct Vouched {
    pub(crate) client: Client,
    pub(crate) conditions: Vec<Condition>,
}

/// A condition with the reason code of its failure.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(crate) reason: String,
    pub(crate) requirement: Requirement,
}

/// What must hold.
pub(crate) enum Requirement {
    Unused(Unused),
    Secret(String),
    /// Seconds since the Unix epoch.
    NotAfter(u64),
}

/// An identifier that is consumed with the verdict.
#[derive(Debug)]
pub(crate) struct Unused {
    pub(crate) identifier: String,
    pub(crate) issued_at: Option<u64>,
    pub(crate) expires_at: u64,
    pub(crate) cached: bool,
    pub(crate) retry_window: u32,
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
