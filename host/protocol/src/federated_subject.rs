//! A subject of a trusted issuer whose tokens authenticate a client.

use serde::{Deserialize, Serialize};

/// What a service account of a cluster is by default: every pod that names no account of its own has it.
const DEFAULT_ACCOUNT: (&str, &str) = ("system:serviceaccount:", ":default");

/// One pair of issuer and subject; both are compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FederatedSubject {
    /// The issuer identifier; of a SPIFFE trust domain, `spiffe://` and its name.
    pub issuer: String,
    /// The claim `sub`.
    pub subject: String,
}

impl FederatedSubject {
    /// Whether it is the default service account of a Kubernetes namespace, which many workloads share.
    pub fn is_default_account(&self) -> bool {
        let (before, after) = DEFAULT_ACCOUNT;
        let namespace = self.subject.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        namespace.is_some_and(|namespace| !namespace.contains(':'))
    }
}

impl std::fmt::Display for FederatedSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.issuer, self.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_account_of_any_namespace_is_recognised_and_no_other() {
        let is_default = |subject: &str| {
            FederatedSubject { issuer: String::new(), subject: subject.to_owned() }.is_default_account()
        };
        assert!(is_default("system:serviceaccount:orders:default"));
        for other in [
            "system:serviceaccount:orders:worker",
            "system:serviceaccount:default:worker",
            "system:serviceaccount:a:b:default",
            "default",
            "",
        ] {
            assert!(!is_default(other), "{other}");
        }
    }
}
