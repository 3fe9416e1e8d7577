//! What the reader of keys says about them.
//!
//! A finding names the key, the value and what is allowed; it never shows a private member.

use std::sync::Arc;

use crate::client_key::ClientKey;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing. The key works, or was passed over as one that is not meant for signatures.
    Warning,
    /// A mistake in a configuration. The key is not used; of two keys with one `kid` both still are.
    Error,
}

/// One remark about one key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where the key was registered: `certificate:pubcert.pem`.
    pub source: String,
    /// Which key of that source: `keys[2] (kid "a")`. Empty when the remark is about the whole source.
    pub key: String,
    /// What is wrong and how to fix it.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.key.as_str() {
            "" => write!(f, "{}: {}", self.source, self.message),
            key => write!(f, "{}: {key}: {}", self.source, self.message),
        }
    }
}

/// Foreign text for a message: quoted, control characters escaped, cut after 64 characters.
pub(crate) fn quoted(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{:?}...", text.get(..end).unwrap_or_default()),
        None => format!("{text:?}"),
    }
}

/// Why a key is not used, before it is known which key it is.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) severity: Severity,
    pub(crate) message: String,
}

impl Refusal {
    /// The key is wrong.
    pub(crate) fn error(message: impl std::fmt::Display) -> Self {
        Self { severity: Severity::Error, message: message.to_string() }
    }

    /// The key is passed over: it may be good, but not for us.
    pub(crate) fn skip(message: impl std::fmt::Display) -> Self {
        Self { severity: Severity::Warning, message: message.to_string() }
    }
}

/// The keys of one source, and what is to be said about them.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) source: String,
    pub(crate) keys: Vec<Arc<ClientKey>>,
    pub(crate) findings: Vec<Finding>,
}

impl Reading {
    pub(crate) fn new(source: String) -> Self {
        Self { source, keys: Vec::new(), findings: Vec::new() }
    }

    /// Takes a key, and remarks on the validity of its certificate at `now`, in seconds since the Unix epoch.
    pub(crate) fn add(&mut self, label: &str, key: ClientKey, now: i64) {
        if let Some(remark) = key.validity().and_then(|validity| validity.remark(now)) {
            self.report(Severity::Warning, label, remark);
        }
        self.keys.push(Arc::new(key));
    }

    pub(crate) fn report(&mut self, severity: Severity, key: &str, message: impl std::fmt::Display) {
        let (source, key, message) = (self.source.clone(), key.to_owned(), message.to_string());
        self.findings.push(Finding { severity, source, key, message });
    }

    /// Ends the reading: a source without any usable key is an error, even if everything in it was merely passed over.
    pub(crate) fn finish(mut self) -> Self {
        if self.keys.is_empty() && !self.findings.iter().any(|finding| finding.severity == Severity::Error) {
            self.report(Severity::Error, "", "there is no key here that can be used: register the client's public key");
        }
        self
    }

    pub(crate) fn refuse(&mut self, key: &str, refusal: Refusal) {
        self.report(refusal.severity, key, refusal.message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        assert_eq!(quoted("a\n\"é"), r#""a\n\"é""#);
        assert_eq!(quoted(&"é".repeat(64)).chars().count(), 66);
        assert_eq!(quoted(&"é".repeat(9_999)), format!("\"{}\"...", "é".repeat(64)));
    }

    #[test]
    fn a_finding_is_one_line_with_its_source() {
        let finding = |key: &str| Finding {
            severity: Severity::Error,
            source: "jwks".to_owned(),
            key: key.to_owned(),
            message: "wrong".to_owned(),
        };
        assert_eq!(finding("keys[0]").to_string(), "jwks: keys[0]: wrong");
        assert_eq!(finding("").to_string(), "jwks: wrong");
    }
}
