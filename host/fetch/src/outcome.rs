//! How a fetch ended, as a label of bounded values for metrics.

/// How a fetch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FetchOutcome {
    /// A set was received.
    Fetched,
    /// The server confirmed the set that was there (RFC 9110 section 15.4.5).
    NotModified,
    /// The set on disk was still fresh.
    Restored,
    /// [`FetchError::RefusedAddress`](super::FetchError::RefusedAddress).
    RefusedAddress,
    /// [`FetchError::Unresolved`](super::FetchError::Unresolved).
    Unresolved,
    /// [`FetchError::Unreachable`](super::FetchError::Unreachable).
    Unreachable,
    /// [`FetchError::Tls`](super::FetchError::Tls).
    Tls,
    /// [`FetchError::Timeout`](super::FetchError::Timeout).
    Timeout,
    /// [`FetchError::Redirect`](super::FetchError::Redirect).
    Redirect,
    /// [`FetchError::BadStatus`](super::FetchError::BadStatus).
    BadStatus,
    /// [`FetchError::Encoded`](super::FetchError::Encoded).
    Encoded,
    /// [`FetchError::TooLarge`](super::FetchError::TooLarge).
    TooLarge,
    /// [`FetchError::Protocol`](super::FetchError::Protocol).
    Protocol,
    /// [`FetchError::BadKeySet`](super::FetchError::BadKeySet).
    BadKeySet,
    /// [`FetchError::NotJson`](super::FetchError::NotJson).
    NotJson,
    /// [`FetchError::Crowded`](super::FetchError::Crowded).
    Crowded,
    /// [`FetchError::BadMetadata`](super::FetchError::BadMetadata).
    BadMetadata,
    /// [`FetchError::NoToken`](super::FetchError::NoToken).
    NoToken,
    /// [`FetchError::Interrupted`](super::FetchError::Interrupted).
    Interrupted,
}

impl FetchOutcome {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Fetched,
        Self::NotModified,
        Self::Restored,
        Self::RefusedAddress,
        Self::Unresolved,
        Self::Unreachable,
        Self::Tls,
        Self::Timeout,
        Self::Redirect,
        Self::BadStatus,
        Self::Encoded,
        Self::TooLarge,
        Self::Protocol,
        Self::BadKeySet,
        Self::NotJson,
        Self::Crowded,
        Self::BadMetadata,
        Self::NoToken,
        Self::Interrupted,
    ];

    /// The value of the metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fetched => "fetched",
            Self::NotModified => "not_modified",
            Self::Restored => "restored",
            Self::RefusedAddress => "refused_address",
            Self::Unresolved => "unresolved",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Redirect => "redirect",
            Self::BadStatus => "bad_status",
            Self::Encoded => "encoded",
            Self::TooLarge => "too_large",
            Self::Protocol => "protocol",
            Self::BadKeySet => "bad_key_set",
            Self::NotJson => "not_json",
            Self::Crowded => "crowded",
            Self::BadMetadata => "bad_metadata",
            Self::NoToken => "no_token",
            Self::Interrupted => "interrupted",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_own_label() {
        let labels: std::collections::BTreeSet<_> = FetchOutcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
        assert_eq!(labels.len(), FetchOutcome::ALL.len());
    }
}
