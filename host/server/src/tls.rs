//! The server's TLS identity.
//!
//! TLS 1.2 and 1.3 by rustls with aws-lc-rs; the certificate is the configured one, or the one that `init` made.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;
use crate::home::Home;

/// The TLS identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
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

/// The configuration of the HTTPS listener.
///
/// # Errors
/// [`TlsError`] names the file that is wrong.
pub fn server_config(home: &Home, files: Option<&TlsFiles>) -> Result<Arc<ServerConfig>, TlsError> {
    let (certificate, key) = match files {
        Some(files) => (home.conf().join(&files.certificate), home.conf().join(&files.private_key)),
        None => (home.tls_certificate(), home.tls_key()),
    };
    let chain = read_chain(&certificate)?;
    let private = PrivateKeyDer::from_pem_file(&key).map_err(|error| TlsError::File {
        path: key.clone(),
        what: "private key",
        reason: error.to_string(),
    })?;
    let pair = |error: rustls::Error| TlsError::Pair { path: certificate.clone(), reason: error.to_string() };
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(pair)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, private).map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read_chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |reason: String| TlsError::File { path: path.to_owned(), what: "certificate", reason };
    let chain = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|error| failed(error.to_string()))?;
    if chain.is_empty() { Err(failed("the file is empty".to_owned())) } else { Ok(chain) }
}
