//! `[server]` and `[transport.*]`: the public URL and the listeners.
//!
//! Plain HTTP is for this machine alone, or for a proxy on it that terminates TLS; the admin listener leaves
//! loopback only with a token; no proxy is believed unless it is listed.

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::authz::Authz;
use crate::sections::trusted_proxies::TrustedProxies;
use crate::sections::url::BaseUrl;
use dropins_protocol::Secret;

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Host name.
    pub hostname: String,
    /// Public base URL.
    pub base_path: BaseUrl,
}

/// `[transport]`; at least one of https and http is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// The proxies that may say where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// The HTTPS listener, when it is enabled.
    pub https: Option<Https>,
    /// Address of the plain HTTP listener, when it is enabled.
    pub http: Option<SocketAddr>,
    /// The admin listener.
    pub admin: Admin,
    /// The listener for proxies that ask, when it is enabled.
    pub authz: Option<Authz>,
}

/// `[transport.https]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Https {
    /// Address.
    pub listen: SocketAddr,
    /// Certificate and key; without them, those that `init` has made.
    pub identity: Option<TlsFiles>,
}

/// PEM files, relative to `repository/conf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub private_key: PathBuf,
}

/// `[transport.admin]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admin {
    /// Address.
    pub listen: SocketAddr,
    /// Whether it speaks TLS, with the certificate of the HTTPS listener.
    pub tls: bool,
    /// Bearer token that callers must have.
    pub token: Option<Secret>,
}

impl Server {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let text = settings.text("server.base_path")?;
        match BaseUrl::parse(&text) {
            Ok(base_path) => Some(Self { hostname: settings.text("server.hostname")?, base_path }),
            Err(fault) => {
                let problem = Problem::new(
                    Code::BadValue,
                    settings.span("server.base_path"),
                    "server.base_path",
                    format!("`server.base_path` {fault}"),
                );
                findings.problem(problem.help("write it like \"https://localhost:9443\""));
                None
            }
        }
    }
}

impl Transport {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        let https = settings.boolean("transport.https.enabled");
        let http = settings.boolean("transport.http.enabled");
        let transport = Self {
            trusted_proxies: TrustedProxies::read(settings, findings),
            https: https.then(|| Https { listen: settings.address("transport.https.listen"), identity: None }),
            http: http.then(|| settings.address("transport.http.listen")),
            admin: Admin {
                listen: settings.address("transport.admin.listen"),
                tls: settings.boolean("transport.admin.tls"),
                token: settings.secret("transport.admin.token"),
            },
            authz: None,
        };
        let identity = tls_files(settings, findings);
        let transport = Self { https: transport.https.map(|https| Https { identity, ..https }), ..transport };
        transport.check(settings, findings);
        transport
    }

    fn check(&self, settings: &Section, findings: &mut Findings) {
        if self.https.is_none() && self.http.is_none() {
            let span = settings.span("transport.https.enabled");
            let message = "neither https nor http is enabled: nothing would be served";
            let problem = Problem::new(Code::Conflict, span, "transport.https.enabled", message);
            findings.problem(problem.help("set transport.https.enabled = true"));
        }
        if !self.admin.listen.ip().is_loopback() && settings.lacks("transport.admin.token") {
            let span = settings.span("transport.admin.listen");
            let message =
                format!("the admin listener {} can be reached from other machines and has no token", self.admin.listen);
            let problem = Problem::new(Code::Insecure, span, "transport.admin.listen", message);
            findings.problem(problem.help("listen on 127.0.0.1, or set transport.admin.token = \"$env{ADMIN_TOKEN}\""));
        }
        let https = self.https.as_ref().map(|https| https.listen);
        let authz = settings.boolean("transport.authz.enabled").then(|| settings.address("transport.authz.listen"));
        let taken = [
            (https, "transport.https.listen"),
            (self.http, "transport.http.listen"),
            (authz, "transport.authz.listen"),
        ];
        let mut addresses = vec![(self.admin.listen, "transport.admin.listen")];
        for (address, path) in taken.into_iter().filter_map(|(address, path)| Some((address?, path))) {
            if address.port() != 0
                && let Some((_, other)) = addresses.iter().find(|(other, _)| *other == address)
            {
                let message = format!("`{path}` and `{other}` are the same address, {address}");
                findings.problem(Problem::new(Code::Conflict, settings.span(path), path, message));
            }
            addresses.push((address, path));
        }
    }

    /// Whether the public URL can be served by these listeners without exposing secrets on the way.
    pub(crate) fn check_public_url(&self, server: &Server, settings: &Section, findings: &mut Findings) {
        let (path, span) = ("server.base_path", settings.span("server.base_path"));
        let url = &server.base_path;
        let proxied = self.http.is_some_and(|address| address.ip().is_loopback());
        match (&self.https, url.is_https()) {
            (Some(_), true) => {}
            (Some(_), false) => {
                let problem =
                    Problem::new(Code::Conflict, span, path, "`server.base_path` is http:, but https is enabled");
                findings.problem(problem.help("write https://, or set transport.https.enabled = false"));
            }
            // Nothing is served at all: that is the problem.
            (None, _) if self.http.is_none() => {}
            (None, false) if url.is_loopback() => {}
            (None, false) => {
                let message = "without https, `server.base_path` may be http: only for localhost or a loopback address";
                let problem = Problem::new(Code::Insecure, span, path, message);
                findings.problem(problem.help("set transport.https.enabled = true and write https://"));
            }
            (None, true) if proxied => {
                findings.notice(&span, path, "https is disabled here: a proxy on this machine must terminate TLS");
            }
            (None, true) => {
                let message =
                    "`server.base_path` is https:, but https is disabled and http is not on a loopback address";
                let problem = Problem::new(Code::Insecure, span, path, message);
                findings.problem(problem.help("set transport.https.enabled = true; behind a proxy that terminates TLS, let http listen on 127.0.0.1"));
            }
        }
    }
}

fn tls_files(settings: &Section, findings: &mut Findings) -> Option<TlsFiles> {
    let (certificate, key) = ("transport.https.certificate_file", "transport.https.private_key_file");
    let (present, absent) = match (settings.text(certificate), settings.text(key)) {
        (None, None) => return None,
        (Some(certificate), Some(key)) => {
            return Some(TlsFiles { certificate: certificate.into(), private_key: key.into() });
        }
        (Some(_), None) => (certificate, key),
        (None, Some(_)) => (key, certificate),
    };
    let message = format!("`{present}` is given without `{absent}`");
    if settings.lacks(absent) {
        findings.problem(Problem::new(Code::Missing, settings.span(present), absent, message));
    }
    None
}
