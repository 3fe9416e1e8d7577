//! `[transport.authz]`: proxies that ask whether a request's client is authenticated, and forward it themselves.
//!
//! Issuer and judged paths come from here, never from a `Host` header. An answer of 200 uses an assertion up and names the
//! client, so off loopback only proxies with the token, or from a listed network, may ask.

use std::net::SocketAddr;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::issuer::Issuer;
use crate::sections::judged_paths::{JudgedEndpoint, JudgedPaths};
use crate::sections::trusted_proxies::TrustedProxies;
use dropins_protocol::Secret;

const LISTEN: &str = "transport.authz.listen";
const NETWORKS: &str = "transport.authz.allowed_networks";
const ISSUER: &str = "transport.authz.issuer";

/// `[transport.authz]`, enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authz {
    /// Address.
    pub listen: SocketAddr,
    /// Bearer token that proxies send.
    pub token: Option<Secret>,
    /// Where proxies may ask from; `None` is everywhere.
    pub allowed_networks: Option<TrustedProxies>,
    /// The issuer of the server behind the proxy.
    pub issuer: Issuer,
    /// The paths of that server at which clients are authenticated.
    pub judged: JudgedPaths,
}

impl Authz {
    /// Nothing when it is not enabled, or has no issuer. `own` is the issuer of this server.
    pub(crate) fn read(settings: &Section, own: &str, findings: &mut Findings) -> Option<Self> {
        if !settings.boolean("transport.authz.enabled") {
            return None;
        }
        let listen = settings.address(LISTEN);
        let token = settings.secret("transport.authz.token");
        let allowed_networks = settings.has(NETWORKS).then(|| networks(settings, findings));
        if !listen.ip().is_loopback() && token.is_none() && allowed_networks.is_none() {
            let message = format!("the authz listener {listen} can be reached from other machines, and any may ask");
            let problem = Problem::new(Code::Insecure, settings.span(LISTEN), LISTEN, message);
            findings
                .problem(problem.help("listen on 127.0.0.1, or set token = \"$env{AUTHZ_TOKEN}\" or allowed_networks"));
        }
        let judged = JudgedPaths::read(
            settings,
            [
                (JudgedEndpoint::Token, "transport.authz.token_endpoint"),
                (JudgedEndpoint::Revocation, "transport.authz.revocation_endpoint"),
                (JudgedEndpoint::Introspection, "transport.authz.introspection_endpoint"),
                (JudgedEndpoint::PushedRequests, "transport.authz.pushed_authorization_request_endpoint"),
            ],
            findings,
        );
        let issuer = Issuer::parse(settings.text(ISSUER).as_deref().unwrap_or(own));
        let issuer = issuer.map_err(|fault| {
            let message = format!("`issuer` {fault}");
            findings.problem(Problem::new(Code::BadValue, settings.span(ISSUER), ISSUER, message));
        });
        Some(Self { listen, token, allowed_networks, issuer: issuer.ok()?, judged })
    }
}

fn networks(settings: &Section, findings: &mut Findings) -> TrustedProxies {
    TrustedProxies::parse(settings.words(NETWORKS)).unwrap_or_else(|bad| {
        let problem = Problem::new(Code::BadValue, settings.span(NETWORKS), NETWORKS, bad.to_string());
        findings.problem(problem.help("write addresses or networks: [\"10.0.0.0/8\", \"fd00::/8\"]"));
        TrustedProxies::default()
    })
}
