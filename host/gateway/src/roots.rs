//! The authorities that an upstream's certificate may come from: given ones, or those of the system.

use std::sync::Arc;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// A file of roots that cannot be used; the text says why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRoots(String);

/// TLS 1.2 and 1.3 with these roots, PEM, or with those of the system.
pub(crate) fn tls_config(roots: Option<&str>) -> Result<ClientConfig, BadRoots> {
    let bad = |error: &dyn std::fmt::Display| BadRoots(error.to_string());
    let mut store = RootCertStore::empty();
    match roots {
        Some(text) => {
            let certificates = CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
            for certificate in certificates.map_err(|error| bad(&error))? {
                store.add(certificate).map_err(|error| bad(&error))?;
            }
            if store.is_empty() {
                return Err(BadRoots("there is no certificate in it".to_owned()));
            }
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| bad(&error))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}
