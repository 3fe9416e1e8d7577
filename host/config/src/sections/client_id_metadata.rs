//! `[oauth.client_id_metadata]`: clients whose id is the https URL of a document about them.
//!
//! It is off by default. A host that is not listed is asked only with `mode = "any"`, and then its clients act for users
//! alone. Its private hosts are listed here, never in `[oauth.jwks_endpoint]`.

use dropins_fetch::{FetchSettings, HostList};
use dropins_protocol::names::CLIENT_CREDENTIALS;

use super::jwks_endpoint::{JwksEndpoint, hosts};
use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;

/// `[oauth.client_id_metadata]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientIdMetadata {
    /// Whose documents are fetched.
    pub mode: DocumentMode,
    /// Scopes that such a client may ask for.
    pub scopes: Vec<String>,
    /// Grants that such a client may use.
    pub grant_types: Vec<String>,
    /// Hosts that may be loopback or private.
    pub allowed_private_hosts: HostList,
}

/// Whose documents are fetched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DocumentMode {
    /// No host's: an id that is a URL is like any other.
    #[default]
    Off,
    /// Those of these hosts.
    Listed(HostList),
    /// Every host's.
    Any,
}

impl ClientIdMetadata {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        let listed = hosts(settings, "oauth.client_id_metadata.hosts", findings);
        let mode = match settings.text("oauth.client_id_metadata.mode").as_deref() {
            Some("listed") => DocumentMode::Listed(listed),
            Some("any") => DocumentMode::Any,
            _ => DocumentMode::Off,
        };
        let read = Self {
            mode,
            scopes: settings.words("oauth.client_id_metadata.scopes"),
            grant_types: settings.words("oauth.client_id_metadata.grant_types"),
            allowed_private_hosts: hosts(settings, "oauth.client_id_metadata.allowed_private_hosts", findings),
        };
        read.check(settings, findings);
        read
    }

    fn check(&self, settings: &Section, findings: &mut Findings) {
        let mut problem = |code, path: &'static str, message: &str, help: &str| {
            findings.problem(Problem::new(code, settings.span(path), path, message).help(help));
        };
        if matches!(&self.mode, DocumentMode::Listed(hosts) if hosts.is_empty()) {
            let help = "write hosts = [\"client.example.com\"]";
            problem(Code::Missing, "oauth.client_id_metadata.mode", "`mode = \"listed\"` needs `hosts`", help);
        }
        let is_unlisted = !matches!(self.mode, DocumentMode::Listed(_));
        if is_unlisted && self.grant_types.iter().any(|grant| grant == CLIENT_CREDENTIALS) {
            let message =
                "a client of any host cannot be given the grant `client_credentials`: it would act without a user";
            let help = "set mode = \"listed\" with the hosts of the clients that may";
            problem(Code::Conflict, "oauth.client_id_metadata.grant_types", message, help);
        }
    }

    /// Whether there are such clients.
    pub fn is_on(&self) -> bool {
        self.mode != DocumentMode::Off
    }

    /// The settings of the fetcher, without extra roots: https only, few fetches at once, nothing on disk.
    pub fn fetch_settings(&self, jwks: &JwksEndpoint) -> FetchSettings {
        FetchSettings {
            allow_http: HostList::default(),
            allow_private: self.allowed_private_hosts.clone(),
            at_once: 8,
            one_a_host: true,
            memory: 16 << 20,
            ..jwks.fetch_settings()
        }
    }
}
