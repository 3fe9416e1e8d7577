//! A certificate for 127.0.0.1 by an authority of the tests, and an unrelated authority.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{NOBODY, is_root};

/// The file of the other authority.
pub(super) const STRANGER: &str = "stranger.pem";

/// PEM files in the folder of a server.
pub(super) struct Certificate {
    pub(super) authority: PathBuf,
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

impl Certificate {
    pub(super) fn make(folder: &Path) -> Self {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let [authority_key, key, other_key] = [(); 3].map(|()| KeyPair::generate().unwrap());
        let root = authority.self_signed(&authority_key).unwrap();
        write(folder.join(STRANGER), &authority.self_signed(&other_key).unwrap().pem());
        let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key)).unwrap();
        Self {
            authority: write(folder.join("authority.pem"), &root.pem()),
            certificate: write(folder.join("certificate.pem"), &certificate.pem()),
            key: write(folder.join("key.pem"), &key.serialize_pem()),
        }
    }
}

fn write(path: PathBuf, pem: &str) -> PathBuf {
    fs::write(&path, pem).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    if is_root() {
        chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    path
}
