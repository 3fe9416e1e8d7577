//! What a plug-in asked the services for, over all requests to a server.

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// The clients that were looked up by their id.
    pub clients: Vec<String>,
    /// The pairs of issuer and subject that were looked up.
    pub subjects: Vec<(String, String)>,
    /// What the key look-ups said about the key, for clients and issuers alike.
    pub hints: Vec<AskedHint>,
    /// How often the decoy was asked for.
    pub decoys: usize,
    /// How many signatures were verified.
    pub verified: usize,
}

/// A [`Hint`](crate::Hint) that was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AskedHint {
    /// Key id.
    pub kid: Option<String>,
    /// SHA-1 thumbprint of the certificate.
    pub x5t: Option<String>,
    /// SHA-256 thumbprint of the certificate.
    pub x5t_s256: Option<String>,
    /// Signature algorithm.
    pub algorithm: String,
}

impl From<&crate::Hint<'_>> for AskedHint {
    fn from(hint: &crate::Hint<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            kid: owned(hint.kid),
            x5t: owned(hint.x5t),
            x5t_s256: owned(hint.x5t_s256),
            algorithm: hint.algorithm.to_owned(),
        }
    }
}
