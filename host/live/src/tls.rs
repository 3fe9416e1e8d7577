//! The server's TLS identity.
//!
//! TLS 1.2 and 1.3 by rustls with aws-lc-rs; the certificate is the configured one, or the one that `init` made.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use dropins_host::Digest;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use dropins_config::Home;
use dropins_config::TlsFiles;

const CERTIFICATE: &str = "certificate";
const KEY: &str = "private key";

/// The TLS identity cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TlsError {
    /// A file is not there.
    #[error("the {what} {} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// A file cannot be read, or holds something else.
    #[error("{} holds no {what}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// Why it does not.
        reason: String,
    },
    /// Certificate and key do not fit each other.
    #[error("the certificate {} cannot be used with its key: {reason}", path.display())]
    Pair {
        /// The certificate's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Certificate chain and private key, PEM, as their files were read once.
#[derive(Clone)]
pub struct Identity {
    certificate: PemFile,
    key: PemFile,
}

#[derive(Clone)]
struct PemFile {
    path: PathBuf,
    bytes: Arc<Zeroizing<Vec<u8>>>,
}

impl PemFile {
    fn read(path: PathBuf, what: &'static str) -> Result<Self, TlsError> {
        match std::fs::read(&path) {
            Ok(bytes) => Ok(Self { path, bytes: Arc::new(Zeroizing::new(bytes)) }),
            Err(error) if error.kind() == ErrorKind::NotFound => Err(TlsError::Missing { path, what }),
            Err(error) => Err(TlsError::File { path, what, reason: error.to_string() }),
        }
    }

    fn lacks(&self, what: &'static str, reason: impl std::fmt::Display) -> TlsError {
        TlsError::File { path: self.path.clone(), what, reason: reason.to_string() }
    }
}

impl Identity {
    /// Reads the configured files, or those that `init` made.
    ///
    /// # Errors
    /// [`TlsError::File`] names the file that cannot be read.
    pub fn read(home: &Home, files: Option<&TlsFiles>) -> Result<Self, TlsError> {
        let [certificate, key] = Self::files(home, files);
        Ok(Self { certificate: PemFile::read(certificate, CERTIFICATE)?, key: PemFile::read(key, KEY)? })
    }

    /// The files that [`Identity::read`] reads.
    pub(crate) fn files(home: &Home, files: Option<&TlsFiles>) -> [PathBuf; 2] {
        match files {
            Some(files) => [home.conf().join(&files.certificate), home.conf().join(&files.private_key)],
            None => [home.tls_certificate(), home.tls_key()],
        }
    }

    /// Tells whether both files hold what they held before.
    pub(crate) fn digest(&self) -> Digest {
        let digests = [&self.certificate, &self.key].map(|file| Digest::of(&file.bytes).to_string());
        Digest::of(digests.concat().as_bytes())
    }

    /// The configuration of the HTTPS listener.
    ///
    /// # Errors
    /// [`TlsError`] names the file that is wrong.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let chain = self.chain()?;
        let private = PrivateKeyDer::from_pem_slice(&self.key.bytes).map_err(|error| self.key.lacks(KEY, error))?;
        let path = &self.certificate.path;
        let pair = |error: rustls::Error| TlsError::Pair { path: path.clone(), reason: error.to_string() };
        let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
        let mut config = builder.with_no_client_auth().with_single_cert(chain, private).map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let file = &self.certificate;
        let chain = CertificateDer::pem_slice_iter(&file.bytes).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| file.lacks(CERTIFICATE, error))?;
        if chain.is_empty() { Err(file.lacks(CERTIFICATE, "there is none in it")) } else { Ok(chain) }
    }
}
