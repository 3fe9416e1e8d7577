//! `[[upstream]]`: authorization servers that requests are forwarded to.
//!
//! A path belongs to one upstream and to one use: it is judged, or passes, or is unknown. Each client is told to one
//! upstream only, so that no upstream learns a secret of another one.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::issuer::Issuer;
use crate::sections::judged_paths::{JudgedEndpoint, JudgedPaths};
use crate::sections::pass::Pass;
use crate::sections::positive::positive;
use crate::sections::url::BaseUrl;

/// One `[[upstream]]` entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// What clients see.
    pub issuer: Issuer,
    /// Where requests go, without a path.
    pub target: BaseUrl,
    /// The paths at which clients are authenticated.
    pub judged: JudgedPaths,
    /// The paths that are forwarded unjudged.
    pub pass: Vec<Pass>,
    /// How it learns who the client is.
    pub credential: UpstreamCredential,
    /// PEM roots for it alone, relative to `repository/conf`.
    pub ca_file: Option<PathBuf>,
    /// Time to connect.
    pub connection_timeout: Duration,
    /// Time for the beginning of an answer, and for each further part of it.
    pub read_timeout: Duration,
    /// The largest request body on a path that passes, in bytes.
    pub body_limit: u64,
    /// Byte range of the header.
    pub span: Range<usize>,
}

/// How an upstream learns who the client is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamCredential {
    /// Its id and secret there, in `Authorization` (RFC 6749 section 2.3.1).
    Basic,
    /// The same in the body.
    Post,
    /// Its id there, in this header, which the upstream believes.
    Header(HeaderName),
}

impl UpstreamCredential {
    /// The word of the configuration.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Basic => "client_secret_basic",
            Self::Post => "client_secret_post",
            Self::Header(_) => "header",
        }
    }

    /// Whether a client needs a secret at the upstream.
    pub fn needs_secret(&self) -> bool {
        !matches!(self, Self::Header(_))
    }
}

/// Headers that mean something else already.
const RESERVED: [&str; 12] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "forwarded",
    "host",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Upstream {
    /// The paths of its metadata (RFC 8414 section 3, OpenID Connect Discovery section 4).
    pub fn metadata_paths(&self) -> [String; 4] {
        let path = self.issuer.path();
        [
            format!("{path}/.well-known/openid-configuration"),
            format!("{path}/.well-known/oauth-authorization-server"),
            format!("/.well-known/openid-configuration{path}"),
            format!("/.well-known/oauth-authorization-server{path}"),
        ]
    }

    /// Reads all entries, in the order of the file.
    pub(crate) fn read_all(settings: &Section, findings: &mut Findings) -> Vec<Self> {
        let mut upstreams: Vec<Self> = Vec::new();
        for section in settings.elements("upstream") {
            let Some(upstream) = Self::read(section, findings) else { continue };
            upstream.check_paths(&upstreams, findings);
            upstreams.push(upstream);
        }
        upstreams
    }

    fn read(section: &Section, findings: &mut Findings) -> Option<Self> {
        let issuer = required(section, "upstream.issuer", findings).and_then(|text| {
            let bad = |fault| bad_value(section, "upstream.issuer", format!("`issuer` {fault}"));
            Issuer::parse(&text).map_err(|fault| findings.problem(bad(fault))).ok()
        });
        let target = required(section, "upstream.target", findings).and_then(|text| target(section, &text, findings));
        let judged = JudgedPaths::read(
            section,
            [
                (JudgedEndpoint::Token, "upstream.token_endpoint"),
                (JudgedEndpoint::Revocation, "upstream.revocation_endpoint"),
                (JudgedEndpoint::Introspection, "upstream.introspection_endpoint"),
                (JudgedEndpoint::PushedRequests, "upstream.pushed_authorization_request_endpoint"),
            ],
            findings,
        );
        let _ = required(section, "upstream.token_endpoint", findings);
        Some(Self {
            pass: Pass::read_all(section, &judged, findings),
            judged,
            credential: credential(section, findings)?,
            ca_file: section.text("upstream.ca_file").map(PathBuf::from),
            connection_timeout: positive(section, "upstream.connection_timeout", findings),
            read_timeout: positive(section, "upstream.read_timeout", findings),
            body_limit: section.size("upstream.body_limit"),
            span: section.span.clone(),
            issuer: issuer?,
            target: target?,
        })
    }

    /// The uses of its paths: judged, metadata, passed.
    fn paths(&self) -> Vec<String> {
        let judged = self.judged.iter().map(|(_, path)| path.to_owned());
        judged.chain(self.metadata_paths()).collect()
    }

    fn check_paths(&self, before: &[Self], findings: &mut Findings) {
        if let Some(first) = before.iter().find(|other| other.issuer == self.issuer) {
            let message = format!("there are two upstreams with the issuer `{}`", self.issuer.as_str());
            let first = findings.first_at(&first.span);
            let problem = Problem::new(Code::Conflict, self.span.clone(), "upstream.issuer", message);
            return findings.problem(problem.help(format!("{first}; change that entry")));
        }
        let mut conflict = |message: String, help: &str| {
            findings.problem(Problem::new(Code::Conflict, self.span.clone(), "upstream", message).help(help));
        };
        let others = before.iter().flat_map(|other| other.paths().into_iter().map(move |path| (other, path)));
        let taken: Vec<_> = others.filter(|(_, path)| self.takes(path)).collect();
        for (other, path) in taken {
            let message = format!("`{path}` is a path of the upstream `{}` as well", other.issuer.as_str());
            conflict(message, "a path leads to one upstream only");
        }
        let passes = before.iter().flat_map(|other| other.pass.iter().map(move |pass| (other, pass)));
        for (other, pass) in passes {
            if let Some(path) = self.paths().iter().find(|path| pass.covers(path)) {
                let message = format!("`{path}` matches `{pass}` of the upstream `{}`", other.issuer.as_str());
                conflict(message, "a path leads to one upstream only");
            } else if self.pass.iter().any(|own| own.meets(pass)) {
                let message = format!("`{pass}` passes to the upstream `{}` as well", other.issuer.as_str());
                conflict(message, "a path leads to one upstream only");
            }
        }
    }

    /// Whether a request for this path could be its own.
    pub fn takes(&self, path: &str) -> bool {
        self.paths().iter().any(|own| own.eq_ignore_ascii_case(path)) || self.pass.iter().any(|pass| pass.covers(path))
    }
}

fn required(section: &Section, path: &'static str, findings: &mut Findings) -> Option<String> {
    let text = section.text(path);
    if text.is_none() && section.lacks(path) {
        let key = path.trim_start_matches("upstream.");
        findings.problem(Problem::new(Code::Missing, section.span.clone(), path, format!("an upstream has a `{key}`")));
    }
    text
}

fn bad_value(section: &Section, path: &str, message: impl AsRef<str>) -> Problem {
    Problem::new(Code::BadValue, section.span(path), path, message)
}

fn target(section: &Section, text: &str, findings: &mut Findings) -> Option<BaseUrl> {
    let path = "upstream.target";
    let target = match BaseUrl::parse(text) {
        Ok(target) => target,
        Err(fault) => {
            let problem = bad_value(section, path, format!("`target` {fault}"));
            findings.problem(problem.help("write it like \"http://127.0.0.1:8080\""));
            return None;
        }
    };
    if text.split_once("://").is_some_and(|(_, rest)| rest.contains('/')) {
        let problem = bad_value(section, path, "`target` has a path; paths are the same here and there");
        findings.problem(problem.help("write scheme, host and port alone: \"http://127.0.0.1:8080\""));
        return None;
    }
    if !target.is_https() && !target.is_loopback() {
        findings.notice(&section.span(path), path, "credentials cross the network to the upstream in clear text");
    }
    Some(target)
}

fn credential(section: &Section, findings: &mut Findings) -> Option<UpstreamCredential> {
    let path = "upstream.header";
    let name = section.text(path);
    let credential = match section.text("upstream.credential").as_deref() {
        Some("client_secret_post") => UpstreamCredential::Post,
        Some("header") => {
            let Some(name) = name else {
                let message = "`credential = \"header\"` needs a `header`";
                let problem = Problem::new(Code::Missing, section.span("upstream.credential"), path, message);
                findings.problem(problem.help("header = \"x-client-id\""));
                return None;
            };
            let header = HeaderName::try_from(name.as_str()).ok();
            let Some(header) = header.filter(|header| !RESERVED.contains(&header.as_str())) else {
                let message = format!("`{name}` is not a header that can name a client");
                findings.problem(bad_value(section, path, message).help("header = \"x-client-id\""));
                return None;
            };
            return Some(UpstreamCredential::Header(header));
        }
        _ => UpstreamCredential::Basic,
    };
    if name.is_some() {
        let message = "`header` is for `credential = \"header\"`";
        findings.problem(Problem::new(Code::Conflict, section.span(path), path, message));
    }
    Some(credential)
}

#[cfg(test)]
mod tests;
