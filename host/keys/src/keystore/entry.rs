//! One entry of a keystore, in the terms of `keytool`.
//!
//! A private or secret key is sealed: its bytes are those of the file, and nothing here opens them.

/// What an entry holds, under the names that `keytool` has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum EntryKind {
    /// An imported certificate.
    #[serde(rename = "trustedCertEntry")]
    TrustedCertificate,
    /// A private key with its certificate chain.
    PrivateKey,
    /// A symmetric key.
    SecretKey,
}

impl std::fmt::Display for EntryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::TrustedCertificate => "trustedCertEntry",
            Self::PrivateKey => "PrivateKeyEntry",
            Self::SecretKey => "SecretKeyEntry",
        })
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub(super) alias: String,
    pub(super) content: Content,
    pub(super) created_millis: Option<i64>,
}

/// What can be in an entry; a sealed key is kept byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Certificate(Vec<u8>),
    PrivateKey { sealed: SealedKey, chain: Vec<Vec<u8>> },
    SecretKey { sealed: SealedKey },
}

/// A key as the file has it, in the form of the file's format.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SealedKey {
    pub(super) bytes: Vec<u8>,
    /// What ties a key to its certificate in PKCS#12.
    pub(super) local_key_id: Option<Vec<u8>>,
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedKey({} bytes)", self.bytes.len())
    }
}

impl Entry {
    /// The name of the entry, as the file spells it.
    #[must_use]
    pub fn alias(&self) -> &str {
        &self.alias
    }

    /// What it holds.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        match self.content {
            Content::Certificate(_) => EntryKind::TrustedCertificate,
            Content::PrivateKey { .. } => EntryKind::PrivateKey,
            Content::SecretKey { .. } => EntryKind::SecretKey,
        }
    }

    /// When it was made, seconds since the Unix epoch; PKCS#12 does not record it for certificates.
    #[must_use]
    pub fn created(&self) -> Option<i64> {
        self.created_millis.map(|millis| millis.div_euclid(1000))
    }

    /// The certificates, DER, the entry's own first.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        match &self.content {
            Content::Certificate(der) => std::slice::from_ref(der),
            Content::PrivateKey { chain, .. } => chain,
            Content::SecretKey { .. } => &[],
        }
    }
}
