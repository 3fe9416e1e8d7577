//! `[[service_provider]]`: clients that are declared in the file.
//!
//! A client has at most one secret, one certificate and one JWK set; without any key, the keystore entry whose
//! alias is its id counts. Overrides keep the spelling of the plug-in's properties.

use std::ops::Range;
use std::path::PathBuf;

use dropins_keys::remote::{FetchSettings, JwksUrl};

use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::schema::settings::{Section, Typed};
use crate::sections::url;
use dropins_protocol::Secret;
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::names;

/// Authentication methods that come with the server, and that of clients without a credential; plug-ins may bring others.
const METHODS: &[&str] = &["private_key_jwt", "client_secret_basic", "client_secret_post", "none"];

/// What a client proves itself with.
const CREDENTIALS: &[&str] = &[
    "service_provider.client_secret",
    "service_provider.client_secret_hash",
    "service_provider.certificate",
    "service_provider.certificate_file",
    "service_provider.jwks",
    "service_provider.jwks_file",
    "service_provider.jwks_uri",
    "service_provider.token_endpoint_auth_signing_alg",
];

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
    /// Client identifier.
    pub client_id: String,
    /// Name for people.
    pub client_name: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// The registered `token_endpoint_auth_method` (RFC 7591 section 2).
    pub auth_method: Option<String>,
    /// The registered `token_endpoint_auth_signing_alg`.
    pub signing_alg: Option<String>,
    /// The registered `id_token_signed_response_alg`.
    pub id_token_signed_response_alg: TokenAlgorithm,
    /// Grants that it may use: `client_credentials`, `authorization_code`, `refresh_token`.
    pub grant_types: Vec<String>,
    /// Redirect URIs, compared as strings.
    pub redirect_uris: Vec<String>,
    /// Scopes that it may ask for.
    pub scopes: Vec<String>,
    /// Its secret.
    pub secret: Option<ClientSecret>,
    /// Its certificate, PEM.
    pub certificate: Option<Material>,
    /// Its JWK set, JSON.
    pub jwks: Option<Material>,
    /// Where its JWK set is published.
    pub jwks_uri: Option<String>,
    /// Overrides: property name in the plug-in's spelling, and its values.
    pub overrides: Vec<(String, Vec<String>)>,
    /// Byte range of the header.
    pub span: Range<usize>,
}

/// A client secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientSecret {
    /// The secret itself, to be hashed at start.
    Plain(Secret),
    /// Its argon2id hash, PHC text.
    Hash(Secret),
}

/// Text that stands in the configuration, or in a file that it names.
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
        let sections = settings.elements("service_provider");
        let mut clients: Vec<Self> = Vec::new();
        for section in sections {
            let Some(client) = Self::read(section, jwks, findings) else { continue };
            if clients.iter().any(|other| other.client_id == client.client_id) {
                let message = format!("there are two service providers with the client_id `{}`", client.client_id);
                findings.problem(at(section, Code::Conflict, "service_provider.client_id", message));
            }
            clients.push(client);
        }
        clients
    }

    fn read(section: &Section, jwks: &FetchSettings, findings: &mut Findings) -> Option<Self> {
        let Some(client_id) = section.text("service_provider.client_id") else {
            if section.lacks("service_provider.client_id") {
                let message = "a service provider has a `client_id`";
                findings.problem(at(section, Code::Missing, "service_provider.client_id", message));
            }
            return None;
        };
        let client = Self {
            client_id,
            client_name: section.text("service_provider.client_name"),
            enabled: section.boolean("service_provider.enabled"),
            auth_method: section.text("service_provider.token_endpoint_auth_method"),
            signing_alg: section.text("service_provider.token_endpoint_auth_signing_alg"),
            id_token_signed_response_alg: section
                .text("service_provider.id_token_signed_response_alg")
                .and_then(|name| TokenAlgorithm::parse(&name))
                .unwrap_or(TokenAlgorithm::ID_TOKEN_DEFAULT),
            grant_types: section.words("service_provider.grant_types"),
            redirect_uris: section.words("service_provider.redirect_uris"),
            scopes: section.words("service_provider.scope"),
            secret: secret(section, findings),
            certificate: material(
                section,
                "service_provider.certificate",
                "service_provider.certificate_file",
                findings,
            ),
            jwks: material(section, "service_provider.jwks", "service_provider.jwks_file", findings),
            jwks_uri: section.text("service_provider.jwks_uri"),
            overrides: overrides(section),
            span: section.span.clone(),
        };
        client.check(section, jwks, findings);
        Some(client)
    }

    fn check(&self, section: &Section, jwks: &FetchSettings, findings: &mut Findings) {
        if self.client_id.len() > 255 || !self.client_id.bytes().all(|byte| (0x20..=0x7e).contains(&byte)) {
            let message = "a `client_id` is at most 255 printable ASCII characters (RFC 6749 appendix A.1)";
            findings.problem(at(section, Code::BadValue, "service_provider.client_id", message));
        }
        if let Some(method) = &self.auth_method
            && !METHODS.contains(&method.as_str())
            && let Some(near) = spelling::nearest(method, METHODS.iter().copied())
        {
            let message = format!("`{method}` is not an authentication method");
            let problem = at(section, Code::BadValue, "service_provider.token_endpoint_auth_method", message);
            findings.problem(problem.help(format!("did you mean `{near}`?")));
        }
        let by_secret = self.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
        let secrets = ["service_provider.client_secret", "service_provider.client_secret_hash"];
        if by_secret && secrets.iter().all(|path| section.lacks(path)) {
            let message = format!("the client `{}` authenticates by a secret and has none", self.client_id);
            let problem = at(section, Code::Missing, "service_provider.token_endpoint_auth_method", message);
            findings.problem(problem.help("set client_secret = \"$env{NAME}\", or client_secret_hash"));
        }
        if let Some(uri) = self.redirect_uris.iter().find(|uri| !url::is_redirect_uri(uri)) {
            let message = format!("the redirect URI `{uri}` is not an absolute URI without a fragment");
            findings.problem(at(section, Code::BadValue, "service_provider.redirect_uris", message));
        }
        if let Some(Material::Text { text, .. }) = &self.certificate
            && !text.contains("-----BEGIN CERTIFICATE-----")
        {
            let message = "`certificate` is PEM text that begins with -----BEGIN CERTIFICATE-----";
            let problem = at(section, Code::BadValue, "service_provider.certificate", message);
            findings.problem(problem.help("for the name of a file, write certificate_file"));
        }
        self.check_jwks_uri(section, jwks, findings);
        if self.auth_method.as_deref() == Some("none") {
            self.check_public(section, findings);
        }
    }

    /// A client without a credential has nothing that looks like one, and no grant that needs one.
    fn check_public(&self, section: &Section, findings: &mut Findings) {
        let path = "service_provider.grant_types";
        if let Some(grant) = self.grant_types.iter().find(|grant| !names::PUBLIC_GRANTS.contains(&grant.as_str())) {
            let message = format!("the client `{}` has no credential, which the grant {grant} needs", self.client_id);
            let problem = at(section, Code::Conflict, path, message);
            findings.problem(problem.help("with the method none, set grant_types = [\"authorization_code\"]"));
        }
        for path in CREDENTIALS.iter().filter(|path| !section.lacks(path)) {
            let message = format!("the client `{}` has the method none, and so no credential", self.client_id);
            findings.problem(at(section, Code::Conflict, path, message));
        }
    }

    fn check_jwks_uri(&self, section: &Section, jwks: &FetchSettings, findings: &mut Findings) {
        let Some(uri) = &self.jwks_uri else { return };
        if let Err(error) = JwksUrl::parse(uri, jwks) {
            let path = "service_provider.jwks_uri";
            let problem =
                at(section, Code::BadValue, path, format!("`jwks_uri` of the client `{}`: {error}", self.client_id));
            findings
                .problem(problem.help("[oauth.jwks_endpoint] lists hosts that may be reached by http: or are private"));
        }
    }
}

fn secret(section: &Section, findings: &mut Findings) -> Option<ClientSecret> {
    let hash_path = "service_provider.client_secret_hash";
    let plain = section.secret("service_provider.client_secret");
    let hash = section.secret(hash_path);
    if plain.is_some() && hash.is_some() {
        findings.problem(at(
            section,
            Code::Conflict,
            hash_path,
            "`client_secret` and `client_secret_hash` exclude each other",
        ));
    }
    if hash.as_ref().is_some_and(|hash| !hash.expose().starts_with("$argon2id$")) {
        let problem = at(section, Code::BadValue, hash_path, "`client_secret_hash` is an argon2id hash in PHC text");
        findings.problem(problem.help("it begins with $argon2id$"));
    }
    hash.map(ClientSecret::Hash).or(plain.map(ClientSecret::Plain))
}

fn material(
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
