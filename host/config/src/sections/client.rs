//! `[[service_provider]]`: clients that are declared in the file.
//!
//! A client has at most one secret, one certificate and one JWK set; without any key, the keystore entry whose
//! alias is its id counts. Overrides keep the spelling of the plug-in's properties.

use std::ops::Range;
use std::path::PathBuf;

use dropins_fetch::FetchSettings;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::{Section, Typed};
use crate::sections::client_rules::client_faults;
use crate::sections::subjects;
use dropins_protocol::{ClientRecord, Secret, SecretHash, TokenAlgorithm, UpstreamClient};

/// Keys that hold a credential.
const CREDENTIALS: [&str; 5] =
    ["client_secret", "client_secret_hash", "certificate", "certificate_file", "token_endpoint_auth_signing_alg"];

/// Keys of a client that override a property of its plug-in, with the property.
const OVERRIDES: &[(&str, &str)] = &[
    ("service_provider.prevent_token_reuse", "PreventTokenReuse"),
    ("service_provider.audience_mode", "AudienceMode"),
    ("service_provider.profile", "Profile"),
    ("service_provider.max_lifetime_in_minutes", "MaxLifetimeInMinutes"),
    ("service_provider.allowed_algorithms", "AllowedAlgorithms"),
];

/// One client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceProvider {
    /// The client, without its certificate and JWK set, and without a secret that is to be hashed.
    pub record: ClientRecord,
    /// Its secret, to be hashed at start.
    pub secret: Option<Secret>,
    /// Its certificate, PEM.
    pub certificate: Option<Material>,
    /// Its JWK set, JSON.
    pub jwks: Option<Material>,
    /// Byte range of the header.
    pub span: Range<usize>,
}

/// Text in the configuration, or in a file that it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Material {
    /// In the configuration.
    Text {
        /// The text.
        text: String,
        /// Byte range of the value.
        span: Range<usize>,
    },
    /// In a file.
    File {
        /// Path, relative to `repository/conf`.
        path: PathBuf,
        /// Byte range of the value.
        span: Range<usize>,
    },
}

impl Material {
    /// Where the configuration gives it.
    pub fn span(&self) -> Range<usize> {
        match self {
            Self::Text { span, .. } | Self::File { span, .. } => span.clone(),
        }
    }
}

impl ServiceProvider {
    /// Reads all entries, in the order of the file.
    pub(crate) fn read_all(settings: &Section, jwks: &FetchSettings, findings: &mut Findings) -> Vec<Self> {
        let mut clients: Vec<Self> = Vec::new();
        for section in settings.elements("service_provider") {
            let Some(client) = Self::read(section, findings) else { continue };
            client.check(section, jwks, findings);
            let client_id = &client.record.client_id;
            if let Some(first) = clients.iter().find(|other| other.record.client_id == *client_id) {
                let message = format!("there are two service providers with the client_id `{client_id}`");
                let problem = at(section, Code::Conflict, "service_provider.client_id", message);
                findings.problem(problem.help(format!("{}; change that entry", findings.first_at(&first.span))));
            }
            clients.push(client);
        }
        clients
    }

    fn read(section: &Section, findings: &mut Findings) -> Option<Self> {
        let Some(client_id) = section.text("service_provider.client_id") else {
            if section.lacks("service_provider.client_id") {
                let message = "a service provider has a `client_id`";
                findings.problem(at(section, Code::Missing, "service_provider.client_id", message));
            }
            return None;
        };
        let (secret, hash) = secret(section, findings);
        let algorithm = section.text("service_provider.id_token_signed_response_alg");
        let record = ClientRecord {
            client_id,
            name: section.text("service_provider.client_name"),
            enabled: section.boolean("service_provider.enabled"),
            auth_method: section.text("service_provider.token_endpoint_auth_method"),
            signing_alg: section.text("service_provider.token_endpoint_auth_signing_alg"),
            id_token_signed_response_alg: algorithm.and_then(|name| TokenAlgorithm::parse(&name)),
            grant_types: section.words("service_provider.grant_types"),
            redirect_uris: section.words("service_provider.redirect_uris"),
            post_logout_redirect_uris: section.words("service_provider.post_logout_redirect_uris"),
            scopes: section.words("service_provider.scope"),
            secret: hash,
            jwks_uri: section.text("service_provider.jwks_uri"),
            federated: subjects::read(section, findings),
            overrides: overrides(section),
            upstream: UpstreamClient {
                issuer: section.text("service_provider.upstream"),
                client_id: section.text("service_provider.upstream_client_id"),
                secret: section.secret("service_provider.upstream_client_secret"),
            },
            ..ClientRecord::default()
        };
        let (certificate, file) = ("service_provider.certificate", "service_provider.certificate_file");
        Some(Self {
            record,
            secret,
            certificate: material(section, certificate, file, findings),
            jwks: material(section, "service_provider.jwks", "service_provider.jwks_file", findings),
            span: section.span.clone(),
        })
    }

    fn check(&self, section: &Section, jwks: &FetchSettings, findings: &mut Findings) {
        let given = |key: &&'static str| !section.lacks(&format!("service_provider.{key}"));
        let credentials: Vec<_> = CREDENTIALS.into_iter().filter(given).collect();
        for fault in client_faults(&self.record, &credentials, jwks) {
            let message = format!("`{}` of the client `{}`: {}", fault.field, self.record.client_id, fault.message);
            let problem = at(section, fault.code, &format!("service_provider.{}", fault.field), message);
            findings.problem(match (fault.field, fault.code) {
                (_, Code::Missing) => problem.help("set client_secret = \"$env{NAME}\", or client_secret_hash"),
                ("grant_types", Code::Conflict) => problem.help("set grant_types = [\"authorization_code\"]"),
                ("jwks_uri", _) => {
                    problem.help("[oauth.jwks_endpoint] lists hosts that may be reached by http: or are private")
                }
                _ => problem,
            });
        }
        if let Some(Material::Text { text, .. }) = &self.certificate
            && !text.contains("-----BEGIN CERTIFICATE-----")
        {
            let message = "`certificate` is PEM text that begins with -----BEGIN CERTIFICATE-----";
            let problem = at(section, Code::BadValue, "service_provider.certificate", message);
            findings.problem(problem.help("for the name of a file, write certificate_file"));
        }
    }
}

/// The secret, or its hash.
fn secret(section: &Section, findings: &mut Findings) -> (Option<Secret>, Option<SecretHash>) {
    let path = "service_provider.client_secret_hash";
    let (plain, hash) = (section.secret("service_provider.client_secret"), section.secret(path));
    if plain.is_some() && hash.is_some() {
        let message = "`client_secret` and `client_secret_hash` exclude each other";
        findings.problem(at(section, Code::Conflict, path, message));
        return (None, None);
    }
    let hash = hash.map(|hash| SecretHash::parse(hash.expose())).transpose().unwrap_or_else(|error| {
        findings.problem(at(section, Code::BadValue, path, format!("`client_secret_hash`: {error}")));
        None
    });
    (plain, hash)
}

/// The text of one key or the file of the other; both together are a problem.
pub(crate) fn material(
    section: &Section,
    text_path: &'static str,
    file_path: &'static str,
    findings: &mut Findings,
) -> Option<Material> {
    let text = section.text(text_path).map(|text| Material::Text { text, span: section.span(text_path) });
    let file = section.text(file_path).map(|path| Material::File { path: path.into(), span: section.span(file_path) });
    if text.is_some() && file.is_some() {
        findings.problem(at(
            section,
            Code::Conflict,
            file_path,
            format!("`{text_path}` and `{file_path}` exclude each other"),
        ));
    }
    text.or(file)
}

fn overrides(section: &Section) -> Vec<(String, Vec<String>)> {
    let given = OVERRIDES.iter().filter_map(|(path, property)| Some((section.given.get(path)?, *property)));
    let pairs = given.filter_map(|(given, property)| {
        let values = match &given.value {
            Typed::Text(text) => vec![text.clone()],
            Typed::Boolean(value) => vec![value.to_string()],
            Typed::Integer(value) => vec![value.to_string()],
            Typed::Words(words) => words.clone(),
            Typed::Duration(_) | Typed::Size(_) | Typed::Address(_) => return None,
        };
        Some((property.to_owned(), values))
    });
    pairs.collect()
}

fn at(section: &Section, code: Code, path: &str, message: impl AsRef<str>) -> Problem {
    Problem::new(code, section.span(path), path, message)
}
