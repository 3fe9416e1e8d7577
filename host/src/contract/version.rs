//! The versions of the contract that this host serves, and the names of its interfaces.
//!
//! A version is read from a component's own export names, never guessed by trying.

/// The export that every plug-in has, without its version.
pub(crate) const EXPORT: &str = "dropins:client-auth/client-authenticator";

/// The imports that the contract offers, without their version.
pub(crate) const IMPORTS: [&str; 5] = [
    "dropins:client-auth/types",
    "dropins:client-auth/clients",
    "dropins:client-auth/keys",
    "dropins:client-auth/log",
    "dropins:client-auth/explain",
];

/// A version of the contract that this host serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum ApiVersion {
    /// `0.2.x`
    #[serde(rename = "0.2.0")]
    V0_2,
}

impl ApiVersion {
    /// What this host serves, for messages.
    pub const SERVED: &str = "0.2.0";

    /// The version that serves this one: equal major and minor number below 1.0.
    pub(crate) fn of(version: &str) -> Option<Self> {
        version.starts_with("0.2.").then_some(Self::V0_2)
    }
}
