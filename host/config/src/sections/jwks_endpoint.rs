//! `[oauth.jwks_endpoint]`: how the keys of clients are fetched, and lists of hosts.

use std::time::Duration;

use dropins_fetch::{FetchSettings, HostList};

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::positive::positive;

/// `[oauth.jwks_endpoint]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksEndpoint {
    /// Time to connect.
    pub connection_timeout: Duration,
    /// Time for the whole answer.
    pub read_timeout: Duration,
    /// Largest answer, bytes.
    pub size_limit_bytes: u64,
    /// Hosts for which `http:` is allowed.
    pub allow_http_hosts: HostList,
    /// Hosts that may be loopback or private.
    pub allowed_private_hosts: HostList,
}

impl JwksEndpoint {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        Self {
            connection_timeout: positive(settings, "oauth.jwks_endpoint.connection_timeout", findings),
            read_timeout: positive(settings, "oauth.jwks_endpoint.read_timeout", findings),
            size_limit_bytes: settings.size("oauth.jwks_endpoint.size_limit_bytes"),
            allow_http_hosts: hosts(settings, "oauth.jwks_endpoint.allow_http_hosts", findings),
            allowed_private_hosts: hosts(settings, "oauth.jwks_endpoint.allowed_private_hosts", findings),
        }
    }

    /// The settings of the fetcher, without what only a running server has: extra roots and a folder.
    pub fn fetch_settings(&self) -> FetchSettings {
        FetchSettings {
            connection_timeout: self.connection_timeout,
            read_timeout: self.read_timeout,
            size_limit: usize::try_from(self.size_limit_bytes).unwrap_or(usize::MAX),
            allow_http: self.allow_http_hosts.clone(),
            allow_private: self.allowed_private_hosts.clone(),
            ..FetchSettings::default()
        }
    }
}

/// A list of hosts; one that is none of them is a problem.
pub(crate) fn hosts(settings: &Section, path: &'static str, findings: &mut Findings) -> HostList {
    HostList::parse(settings.words(path)).unwrap_or_else(|error| {
        let problem = Problem::new(Code::BadValue, settings.span(path), path, error.to_string());
        findings.problem(problem.help("write names or addresses: [\"jwks.example.com\", \"10.0.0.7\"]"));
        HostList::default()
    })
}
