//! The layout of a home folder: where everything of one server is.
//!
//! The layout is that of WSO2 Identity Server; every path is named here and nowhere else.

use std::path::{Path, PathBuf};

use dropins_protocol::TokenAlgorithm;

/// A home folder; it need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at this path; an existing folder is made absolute, so that a later change of the working
    /// directory does not move it.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        Self { root: std::path::absolute(&root).unwrap_or(root) }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `repository/conf`; file names in the configuration are relative to it.
    pub fn conf(&self) -> PathBuf {
        self.root.join("repository/conf")
    }

    /// `repository/conf/deployment.toml`.
    pub fn deployment_toml(&self) -> PathBuf {
        self.conf().join("deployment.toml")
    }

    /// What editors know of the configuration: its keys as JSON Schema, beside it.
    pub fn schema(&self) -> PathBuf {
        self.conf().join("deployment.schema.json")
    }

    /// `repository/components/dropins`, the plug-in folder.
    pub fn dropins(&self) -> PathBuf {
        self.root.join("repository/components/dropins")
    }

    /// `repository/components/kept`: the last components that were live, by digest.
    pub fn kept(&self) -> PathBuf {
        self.root.join("repository/components/kept")
    }

    /// `repository/resources/security`: keystores, TLS and signing keys.
    pub fn security(&self) -> PathBuf {
        self.root.join("repository/resources/security")
    }

    /// The server's TLS certificate chain, PEM.
    pub fn tls_certificate(&self) -> PathBuf {
        self.security().join("tls-certificate.pem")
    }

    /// The key of that certificate, PEM.
    pub fn tls_key(&self) -> PathBuf {
        self.security().join("tls-key.pem")
    }

    /// The key that signs tokens with this algorithm, PEM.
    pub fn token_signing_key(&self, algorithm: TokenAlgorithm) -> PathBuf {
        self.security().join(format!("{}.pem", token_signing_key(algorithm)))
    }

    /// The key that signs from this second of the Unix epoch on, PEM; [`Home::token_signing_key`] signs before.
    pub fn token_signing_key_from(&self, algorithm: TokenAlgorithm, seconds: u64) -> PathBuf {
        self.security().join(format!("{}-{seconds}.pem", token_signing_key(algorithm)))
    }

    /// `repository/database/identity.db`, the embedded identity database.
    pub fn database(&self) -> PathBuf {
        self.root.join("repository/database/identity.db")
    }

    /// `repository/database/jwks`, the last good key sets of clients with a JWKS URI.
    pub fn jwks_cache(&self) -> PathBuf {
        self.root.join("repository/database/jwks")
    }

    /// `repository/logs`.
    pub fn logs(&self) -> PathBuf {
        self.root.join("repository/logs")
    }

    /// `tmp`: what a running server needs, for its own user only.
    pub fn tmp(&self) -> PathBuf {
        self.root.join("tmp")
    }

    /// `tmp/admin.sock`: where the running server listens for the tools of this home.
    pub fn admin_socket(&self) -> PathBuf {
        self.tmp().join("admin.sock")
    }

    /// `tmp/home-id`: what tells this home from others.
    pub fn id_file(&self) -> PathBuf {
        self.tmp().join("home-id")
    }

    /// `tmp/lock`: locked while a server serves this home; holds the id of its process.
    pub fn lock_file(&self) -> PathBuf {
        self.tmp().join("lock")
    }

    /// `tmp/compiled`: compiled components, safe to delete.
    pub fn compile_cache(&self) -> PathBuf {
        self.tmp().join("compiled")
    }
}

fn token_signing_key(algorithm: TokenAlgorithm) -> &'static str {
    match algorithm {
        TokenAlgorithm::Es256 => "token-signing-key",
        TokenAlgorithm::Rs256 => "token-signing-key-rs256",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_wso2() {
        let home = Home::new("/srv/is");
        assert_eq!(home.deployment_toml(), Path::new("/srv/is/repository/conf/deployment.toml"));
        assert_eq!(home.dropins(), Path::new("/srv/is/repository/components/dropins"));
        assert_eq!(home.database(), Path::new("/srv/is/repository/database/identity.db"));
        assert_eq!(home.security(), Path::new("/srv/is/repository/resources/security"));
        assert!(Home::new("x").root().is_absolute());
    }
}
