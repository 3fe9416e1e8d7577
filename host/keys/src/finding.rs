//! Findings about keys, for configuration checks and the log.
//!
//! A finding names the key, the value and what is allowed; it never shows a private member.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The key works, or was skipped because it is not meant for signatures.
    Warning,
    /// A mistake in a configuration. The key is not used, except that two keys with one `kid` both are.
    Error,
}

/// A finding about one key.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Where the key was registered: `certificate:pubcert.pem`.
    pub source: String,
    /// Which key of that source: `keys[2] (kid "a")`. Empty if the finding is about the whole source.
    pub key: String,
    /// What is wrong and how to fix it.
    pub message: String,
}

impl Finding {
    /// The key and the message, for a text that names the source itself.
    #[must_use]
    pub fn detail(&self) -> String {
        match self.key.as_str() {
            "" => self.message.clone(),
            key => format!("{key}: {}", self.message),
        }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.source, self.detail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
