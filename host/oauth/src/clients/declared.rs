//! The clients of `deployment.toml`, with their key files read and their secrets hashed.
//!
//! What is wrong with them is a problem at its place in the file. Disabled clients are among them, because they hide
//! those of the database, but their keys are not read.

use dropins_config::{Code, Deployment, KeyFiles, Material, Problem, Problems, ServiceProvider};
use dropins_keys::keystore::CertificateStores;
use dropins_protocol::SecretHash;

use super::lint::Lint;
use super::registered::RegisteredClient;

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
    let files = files.as_ref().unwrap_or_else(|problems| {
        declared.problems.extend(problems.iter().cloned());
        &none
    });
    for entry in &deployment.service_providers {
        let mut record = entry.record.clone();
        if record.enabled {
            record.certificate = files.certificates.get(&record.client_id).cloned();
            record.jwks = files.jwks.get(&record.client_id).cloned();
        }
        if let Some(secret) = &entry.secret {
            record.secret = SecretHash::of(secret.expose()).ok();
        }
        let (client, findings) = RegisteredClient::of_record(record, now);
        if client.enabled {
            declared.judge(entry, Lint::of_keys(&client, findings, keystores, now));
        }
        declared.clients.push(client);
    }
    declared.shared_aliases(deployment, keystores);
    declared
}

impl Declared {
    /// Puts what is to be said about a client's keys at its place in the file.
    fn judge(&mut self, entry: &ServiceProvider, lint: Lint) {
        let say = |field: &str, message: &str| {
            let file = match material(entry, field) {
                Some(Material::File { path, .. }) => format!(":{}", path.display()),
                _ => String::new(),
            };
            format!("client `{}`: {field}{file}: {message}", entry.record.client_id)
        };
        for fault in lint.faults {
            let span = material(entry, fault.field).map_or_else(|| entry.span.clone(), Material::span);
            let message = say(fault.field, &fault.message);
            self.problems.push(Problem::new(fault.code, span, "service_provider", message));
        }
        self.warnings.extend(lint.warnings.iter().map(|fault| say(fault.field, &fault.message)));
    }

    /// Clients whose ids differ in case alone, and which one keystore entry would authenticate.
    fn shared_aliases(&mut self, deployment: &Deployment, keystores: &CertificateStores) {
        let keyless = self.clients.iter().filter(|client| client.enabled && client.needs_keystore());
        let shared = keystores.clients_sharing_alias(keyless.map(|client| client.registration.id.as_str()));
        for shared in shared {
            let is_one = |entry: &&ServiceProvider| shared.client_ids.contains(&entry.record.client_id);
            let mut entries = deployment.service_providers.iter().filter(is_one);
            let Some(first) = entries.next() else { continue };
            let first = deployment.source.position(first.span.start).line;
            self.problems.extend(entries.map(|entry| {
                let problem = Problem::new(Code::Conflict, entry.span.clone(), "service_provider", shared.to_string());
                problem.help(format!("the first of them is defined at line {first}"))
            }));
        }
    }
}

fn material<'e>(entry: &'e ServiceProvider, field: &str) -> Option<&'e Material> {
    match field {
        "jwks" => entry.jwks.as_ref(),
        "certificate" => entry.certificate.as_ref(),
        _ => None,
    }
}
