//! Files that the configuration names for the keys of clients and of trusted issuers.
//!
//! Regular files of at most 256 KiB, PEM, DER or JSON, relative to `repository/conf`; each that cannot be read is a
//! problem at the place that names it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::language::problem::{Code, Problem, Problems};
use crate::sections::client::Material;
use crate::sections::deployment::Deployment;
use crate::sections::trusted_issuer::{IssuerKeys, TrustedIssuer};

const MAX_BYTES: u64 = 256 * 1024;

/// Certificates and JWK sets of the declared clients, by client id, wherever the configuration keeps them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFiles {
    /// PEM certificates.
    pub certificates: BTreeMap<String, String>,
    /// JWK sets, JSON.
    pub jwks: BTreeMap<String, String>,
    /// PEM roots of upstreams, by issuer.
    pub upstream_roots: BTreeMap<String, String>,
    /// JWK sets of trusted issuers, JSON, by issuer.
    pub issuer_jwks: BTreeMap<String, String>,
    /// PEM authorities for fetching the keys of trusted issuers, by issuer.
    pub issuer_roots: BTreeMap<String, String>,
}

impl Deployment {
    /// The files that [`Deployment::read_key_files`] reads.
    pub fn key_files(&self, conf: &Path) -> Vec<PathBuf> {
        let clients = self.service_providers.iter().flat_map(|client| [&client.certificate, &client.jwks]);
        let materials = clients.flatten().chain(self.trusted_issuers.iter().flat_map(issuer_materials));
        let file = |material: &Material| match material {
            Material::File { path, .. } => Some(conf.join(path)),
            Material::Text { .. } => None,
        };
        let roots = self.upstreams.iter().filter_map(|upstream| Some(conf.join(upstream.ca_file.as_ref()?)));
        materials.filter_map(file).chain(roots).collect()
    }

    /// Reads the key material of the declared clients.
    ///
    /// # Errors
    /// A problem for every file that cannot be read.
    pub fn read_key_files(&self, conf: &Path) -> Result<KeyFiles, Problems> {
        let mut files = KeyFiles::default();
        let mut problems = Problems::new(self.source.clone());
        for client in &self.service_providers {
            let wanted = [
                (&client.certificate, &mut files.certificates, "service_provider.certificate_file"),
                (&client.jwks, &mut files.jwks, "service_provider.jwks_file"),
            ];
            for (material, texts, path) in wanted {
                let Some(material) = material else { continue };
                match text(material, conf) {
                    Ok(text) => {
                        texts.insert(client.record.client_id.clone(), text);
                    }
                    Err(error) => {
                        let client_id = &client.record.client_id;
                        let message = format!("a file of the client `{client_id}` cannot be read: {error}");
                        let problem = Problem::new(Code::File, material.span(), path, message);
                        problems.push(problem.help(format!("file names are relative to {}", conf.display())));
                    }
                }
            }
        }
        for upstream in &self.upstreams {
            let Some(path) = &upstream.ca_file else { continue };
            match text_of(&conf.join(path)) {
                Ok(text) => {
                    files.upstream_roots.insert(upstream.issuer.as_str().to_owned(), text);
                }
                Err(error) => {
                    let message = format!("the roots {} cannot be read: {error}", path.display());
                    let problem = Problem::new(Code::File, upstream.span.clone(), "upstream.ca_file", message);
                    problems.push(problem.help(format!("file names are relative to {}", conf.display())));
                }
            }
        }
        for issuer in &self.trusted_issuers {
            let name = &issuer.name;
            for material in issuer_materials(issuer) {
                let texts = if issuer.roots.as_ref() == Some(material) {
                    &mut files.issuer_roots
                } else {
                    &mut files.issuer_jwks
                };
                match text(material, conf) {
                    Ok(text) => drop(texts.insert(name.clone(), text)),
                    Err(error) => {
                        let message = format!("a file of the trusted issuer `{name}` cannot be read: {error}");
                        let problem = Problem::new(Code::File, material.span(), "trusted_issuer", message);
                        problems.push(problem.help(format!("file names are relative to {}", conf.display())));
                    }
                }
            }
        }
        if problems.is_empty() { Ok(files) } else { Err(problems) }
    }
}

/// What the configuration of an issuer keeps in text or files.
fn issuer_materials(issuer: &TrustedIssuer) -> impl Iterator<Item = &Material> {
    let keys = match &issuer.keys {
        IssuerKeys::Here(material) => Some(material),
        IssuerKeys::Uri(_) | IssuerKeys::Discovered => None,
    };
    keys.into_iter().chain(&issuer.roots)
}

fn text(material: &Material, conf: &Path) -> std::io::Result<String> {
    match material {
        Material::Text { text, .. } => Ok(text.clone()),
        Material::File { path, .. } => text_of(&conf.join(path)),
    }
}

fn text_of(path: &Path) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other("it is larger than 256 KiB"));
    }
    dropins_keys::registration_text(&bytes).map_err(std::io::Error::other)
}
