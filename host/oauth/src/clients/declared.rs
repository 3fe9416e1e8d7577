//! The clients of `deployment.toml`, with their key files read and their secrets hashed.
//!
//! What is wrong with them is a problem at its place in the file. Disabled clients are among them, because they hide
//! those of the database, but their keys are not read.

use std::collections::HashMap;

use dropins_keys::Severity;
use dropins_keys::keystore::CertificateStores;
use dropins_services::Registration;

use super::keys::{ClientKeyMaterial, ClientKeys};
use super::registered::{RegisteredClient, settings};
use dropins_config::{ClientSecret, Code, Deployment, KeyFiles, Material, Problem, Problems, ServiceProvider};
use dropins_protocol::SecretHash;
use dropins_protocol::names::PRIVATE_KEY_JWT;

/// What the file declares.
#[derive(Default)]
pub struct Declared {
    /// The clients.
    pub clients: Vec<RegisteredClient>,
    /// What is wrong, at its place in the file.
    pub problems: Vec<Problem>,
    /// What an operator should know although it works.
    pub warnings: Vec<String>,
}

/// Reads the clients of a deployment, whose key files were read before; `now` in seconds since the Unix epoch.
pub fn read(
    deployment: &Deployment,
    files: &Result<KeyFiles, Problems>,
    keystores: &CertificateStores,
    now: u64,
) -> Declared {
    let mut declared = Declared::default();
    let none = KeyFiles::default();
    let files = match files {
        Ok(files) => files,
        Err(problems) => {
            declared.problems.extend(problems.iter().cloned());
            &none
        }
    };
    let mut keys: HashMap<&str, ClientKeys> = HashMap::new();
    for client in deployment.service_providers.iter().filter(|client| client.enabled) {
        let own = declared.keys(client, files, now);
        if own.in_keystore() && wants_keys(client) {
            declared.in_keystore(client, keystores, now);
        }
        keys.insert(&client.client_id, own);
    }
    for client in &deployment.service_providers {
        let secret = declared.secret(client);
        declared.clients.push(RegisteredClient {
            registration: Registration {
                id: client.client_id.clone(),
                auth_method: client.auth_method.clone(),
                signing_alg: client.signing_alg.clone(),
                settings: settings(&client.overrides),
            },
            enabled: client.enabled,
            name: client.client_name.clone(),
            id_token_signed_response_alg: client.id_token_signed_response_alg,
            grant_types: client.grant_types.clone(),
            redirect_uris: client.redirect_uris.clone(),
            scopes: client.scopes.clone(),
            secret,
            keys: keys.remove(client.client_id.as_str()).unwrap_or_default(),
        });
    }
    declared
}

impl Declared {
    fn keys(&mut self, client: &ServiceProvider, files: &KeyFiles, now: u64) -> ClientKeys {
        let material = ClientKeyMaterial {
            certificate: files.certificates.get(&client.client_id).map(|text| text.as_bytes()),
            jwks: files.jwks.get(&client.client_id).map(|text| text.as_bytes()),
            jwks_uri: client.jwks_uri.as_deref(),
        };
        let (keys, findings) = material.read(now);
        for finding in findings {
            let material = if finding.source.starts_with("jwks") { &client.jwks } else { &client.certificate };
            let file = match material {
                Some(Material::File { path, .. }) => format!(":{}", path.display()),
                _ => String::new(),
            };
            let message = format!("client `{}`: {}{file}: {}", client.client_id, finding.source, finding.detail());
            match finding.severity {
                Severity::Error => {
                    let span = material.as_ref().map_or_else(|| client.span.clone(), Material::span);
                    self.problems.push(Problem::new(Code::BadValue, span, "service_provider", message));
                }
                Severity::Warning => self.warnings.push(message),
            }
        }
        keys
    }

    /// What the keystore entry whose alias is the client's id is worth.
    fn in_keystore(&mut self, client: &ServiceProvider, keystores: &CertificateStores, now: u64) {
        let client_id = &client.client_id;
        match keystores.lint(client_id, i64::try_from(now).unwrap_or(i64::MAX)) {
            Ok(Some(findings)) => {
                self.warnings.extend(findings.iter().map(|finding| format!("client `{client_id}`: {finding}")));
            }
            Ok(None) => self.warnings.push(format!(
                "client `{client_id}` has no key: register a certificate, a JWK set or a JWKS URI, or import its \
                 certificate into the keystore under this alias; until then it cannot authenticate"
            )),
            Err(error) => self.warnings.push(format!("client `{client_id}` cannot authenticate: {error}")),
        }
    }

    fn secret(&mut self, client: &ServiceProvider) -> Option<SecretHash> {
        match client.secret.as_ref()? {
            ClientSecret::Plain(secret) => SecretHash::of(secret.expose()).ok(),
            ClientSecret::Hash(hash) => match SecretHash::parse(hash.expose()) {
                Ok(hash) => Some(hash),
                Err(error) => {
                    let message = format!("client_secret_hash of the client `{}`: {error}", client.client_id);
                    let path = "service_provider.client_secret_hash";
                    self.problems.push(Problem::new(Code::BadValue, client.span.clone(), path, message));
                    None
                }
            },
        }
    }
}

fn wants_keys(client: &ServiceProvider) -> bool {
    match client.auth_method.as_deref() {
        Some(method) => method == PRIVATE_KEY_JWT,
        None => client.secret.is_none(),
    }
}
