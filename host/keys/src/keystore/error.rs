//! Why a keystore cannot be read or written, and what to do about it.
//!
//! No text shows a password, a key, or more than the beginning of an alias.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::entry::EntryKind;
use super::limits::{MAX_ENTRIES, MAX_FILE};
use crate::text::quoted;

/// What is wrong with a keystore file.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the keystore {}: {reason}", file.display())]
pub struct KeystoreError {
    /// The file.
    pub file: PathBuf,
    /// The reason.
    pub reason: StoreError,
}

impl KeystoreError {
    pub(crate) fn new(file: &Path, reason: StoreError) -> Self {
        Self { file: file.to_owned(), reason }
    }
}

/// What is wrong with the content of a keystore.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file cannot be read or written.
    #[error("it cannot be read or written: {0}")]
    Io(Arc<std::io::Error>),
    /// A folder, a device or a pipe.
    #[error("it is not a regular file")]
    NotAFile,
    /// Larger than [`MAX_FILE`].
    #[error("it has {bytes} bytes, allowed are {MAX_FILE}")]
    TooLarge {
        /// Size of the file.
        bytes: u64,
    },
    /// No bytes at all.
    #[error("it is empty; delete it, and `dropins keystore import` makes a new one")]
    Empty,
    /// PEM text.
    #[error("it is PEM text, not a keystore; `dropins keystore import` puts a certificate into one")]
    Pem,
    /// Neither JKS nor PKCS#12.
    #[error("it is neither JKS nor PKCS#12; convert it with `keytool -importkeystore ... -deststoretype PKCS12`")]
    NotAKeystore,
    /// The password is wrong.
    #[error("the password is wrong, or the file was changed without it")]
    WrongPassword,
    /// A key in a PKCS#12 file does not open with the password of the store.
    #[error(
        "a private key in it has another password than the store; give both the same one with `keytool -importkeystore`"
    )]
    KeyPassword,
    /// The structure is broken.
    #[error("it is damaged: {problem} at byte {at}; restore it from its backup")]
    Corrupt {
        /// What is broken.
        problem: Malformed,
        /// Where, in bytes from the beginning.
        at: usize,
    },
    /// A PKCS#12 structure is broken.
    #[error("it is not valid PKCS#12 ({0}); convert it with `keytool -importkeystore ... -deststoretype PKCS12`")]
    Der(String),
    /// More entries than [`MAX_ENTRIES`].
    #[error("it has {claimed} entries, allowed are {MAX_ENTRIES}")]
    TooManyEntries {
        /// How many it claims to have.
        claimed: usize,
    },
    /// Opening it would take too long.
    #[error(
        "opening it takes {iterations} iterations of a key derivation, allowed are {allowed} in all; write it again with fewer"
    )]
    TooMuchWork {
        /// How many it asks for.
        iterations: u64,
        /// The limit.
        allowed: u64,
    },
    /// A JCEKS secret key is a Java object without a length.
    #[error(
        "its entry {} is a secret key, a sealed Java object that cannot be skipped; \
         remove it, or copy the certificates with `keytool -importkeystore ... -deststoretype PKCS12`",
        quoted(alias)
    )]
    SecretKey {
        /// The entry.
        alias: String,
    },
    /// An unsupported algorithm or form.
    #[error("it uses {0}, which is not supported; convert it with `keytool -importkeystore ... -deststoretype PKCS12`")]
    Unsupported(String),
    /// It can be read but not written without loss.
    #[error(
        "it holds keys that cannot be carried along; convert it with `keytool -importkeystore ... -deststoretype PKCS12`"
    )]
    NotRewritable,
    /// The format cannot express this alias.
    #[error("the alias {} cannot be written in this format", quoted(alias))]
    AliasNotWritable {
        /// The alias.
        alias: String,
    },
    /// The alias exists.
    #[error("the alias {} is a {kind} already; {}", quoted(alias), taken_help(*kind))]
    AliasTaken {
        /// The alias, as the file spells it.
        alias: String,
        /// What it holds.
        kind: EntryKind,
    },
    /// The edit would delete a key.
    #[error("the entry {} is a {kind}, which cannot be made again; --force removes it", quoted(alias))]
    HoldsKey {
        /// The alias, as the file spells it.
        alias: String,
        /// What it holds.
        kind: EntryKind,
    },
    /// There is no such entry.
    #[error("it has no entry {}; `dropins keystore list` shows all", quoted(alias))]
    NoAlias {
        /// The alias that was asked for.
        alias: String,
    },
    /// Several entries that differ in case alone.
    #[error("the alias {} is ambiguous: there are {}; remove all but one", quoted(alias), listed(aliases))]
    AmbiguousAlias {
        /// The alias that was asked for.
        alias: String,
        /// The aliases that it could mean.
        aliases: Vec<String>,
    },
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// How a JKS file can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The file ends before the structure does.
    #[error("it ends in the middle of {0}")]
    Truncated(&'static str),
    /// A length exceeds its limit.
    #[error("{what} claims {claimed} bytes or entries, allowed are {allowed}")]
    TooLong {
        /// Of what.
        what: &'static str,
        /// The length in the file.
        claimed: u64,
        /// The limit.
        allowed: u64,
    },
    /// Neither version 1 nor 2.
    #[error("its version is {0}, known are 1 and 2")]
    Version(u32),
    /// Neither a key nor a certificate.
    #[error("an entry is of the unknown type {0}")]
    Tag(u32),
    /// Not modified UTF-8.
    #[error("a text is not modified UTF-8")]
    Text,
    /// Not X.509.
    #[error("a certificate is not of type X.509")]
    CertificateType,
    /// Bytes after the last entry.
    #[error("bytes follow the last entry")]
    Trailing,
}

fn taken_help(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::TrustedCertificate => "--force replaces it",
        EntryKind::PrivateKey | EntryKind::SecretKey => "a key is never replaced, choose another alias",
    }
}

fn listed(aliases: &[String]) -> String {
    aliases.iter().take(8).map(|alias| quoted(alias)).collect::<Vec<_>>().join(", ")
}
