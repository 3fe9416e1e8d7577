//! `[[trusted_issuer]]`: issuers whose tokens authenticate clients.
//!
//! The keys of an issuer come from one place: a URL, a set in the configuration, or what its metadata name. A SPIFFE trust
//! domain has no metadata; it is called `spiffe://NAME`, however it is written. This server is no issuer that it trusts.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use dropins_fetch::{FetchSettings, JwksUrl, metadata_url};

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::client::{Material, material};

/// The longest lifetime that can be allowed: what the memory of used tokens reaches.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The longest name of an issuer, in bytes.
const MAX_NAME: usize = 2048;

/// The beginning of a SPIFFE ID.
pub(crate) const SPIFFE: &str = "spiffe://";

/// What an issuer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuerKind {
    /// A provider of OpenID Connect, or of tokens like its own.
    Oidc,
    /// A SPIFFE trust domain.
    Spiffe,
}

impl IssuerKind {
    /// The name in the file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Spiffe => "spiffe",
        }
    }
}

/// Where the keys of an issuer are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerKeys {
    /// At this URL.
    Uri(String),
    /// In the configuration, or in a file that it names.
    Here(Material),
    /// At the URL that the issuer's metadata name.
    Discovered,
}

/// One issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedIssuer {
    /// The issuer identifier, byte for byte.
    pub name: String,
    /// What it is.
    pub kind: IssuerKind,
    /// Where its keys are.
    pub keys: IssuerKeys,
    /// The file of the only authorities that are trusted when its keys are fetched.
    pub roots: Option<Material>,
    /// The file of the token that is sent when its keys are fetched, relative to `repository/conf`.
    pub bearer_token_file: Option<PathBuf>,
    /// The longest lifetime of its tokens.
    pub max_lifetime: Duration,
    /// Whether its tokens may be used more than once.
    pub allow_reuse: bool,
    /// Byte range of the header.
    pub span: Range<usize>,
}

impl TrustedIssuer {
    /// Reads all entries, in the order of the file; `own` is the issuer identifier of this server.
    pub(crate) fn read_all(settings: &Section, own: &str, jwks: &FetchSettings, findings: &mut Findings) -> Vec<Self> {
        let mut issuers: Vec<Self> = Vec::new();
        for section in settings.elements("trusted_issuer") {
            let Some(issuer) = Self::read(section, findings) else { continue };
            issuer.check(section, jwks, findings);
            let path = "trusted_issuer.issuer";
            if issuer.name == own {
                let message = format!("`{own}` is this server: the tokens that it issues authenticate no client of it");
                findings.problem(at(section, Code::Conflict, path, message));
            }
            if let Some(first) = issuers.iter().find(|other| other.name == issuer.name) {
                let problem = at(section, Code::Conflict, path, format!("the issuer `{}` is there twice", issuer.name));
                findings.problem(problem.help(findings.first_at(&first.span)));
            }
            issuers.push(issuer);
        }
        issuers
    }

    fn read(section: &Section, findings: &mut Findings) -> Option<Self> {
        let kind = match section.text("trusted_issuer.kind").as_deref() {
            Some("spiffe") => IssuerKind::Spiffe,
            _ => IssuerKind::Oidc,
        };
        let Some(name) = section.text("trusted_issuer.issuer") else {
            if section.lacks("trusted_issuer.issuer") {
                let message = "a trusted issuer has an `issuer`";
                findings.problem(at(section, Code::Missing, "trusted_issuer.issuer", message));
            }
            return None;
        };
        let file = |path| section.text(path).map(|file| Material::File { path: file.into(), span: section.span(path) });
        Some(Self {
            name: if kind == IssuerKind::Spiffe { trust_domain(&name) } else { name },
            kind,
            keys: keys(section, findings),
            roots: file("trusted_issuer.ca_file"),
            bearer_token_file: section.text("trusted_issuer.bearer_token_file").map(PathBuf::from),
            max_lifetime: section.duration("trusted_issuer.max_lifetime"),
            allow_reuse: section.boolean("trusted_issuer.allow_reuse"),
            span: section.span.clone(),
        })
    }

    fn check(&self, section: &Section, jwks: &FetchSettings, findings: &mut Findings) {
        let path = "trusted_issuer.issuer";
        if let Some((message, help)) = self.misnamed() {
            findings.problem(at(section, Code::BadValue, path, message).help(help));
        }
        if self.max_lifetime.is_zero() || self.max_lifetime > LONGEST {
            let path = "trusted_issuer.max_lifetime";
            findings.problem(at(section, Code::BadValue, path, "`max_lifetime` is more than zero and at most 24h"));
        }
        let (url, path) = match (&self.keys, self.kind) {
            (IssuerKeys::Uri(uri), _) => (uri.clone(), "trusted_issuer.jwks_uri"),
            (IssuerKeys::Discovered, IssuerKind::Oidc) => (metadata_url(&self.name), path),
            (IssuerKeys::Discovered, IssuerKind::Spiffe) => {
                let message =
                    "a trust domain has the URL of its bundle in `jwks_uri`, or its bundle in `jwks` or `jwks_file`";
                return findings.problem(at(section, Code::Missing, path, message));
            }
            (IssuerKeys::Here(_), _) => {
                for path in ["trusted_issuer.ca_file", "trusted_issuer.bearer_token_file"] {
                    if section.has(path) {
                        let message =
                            format!("`{path}` is for keys that are fetched, and these are in the configuration");
                        findings.problem(at(section, Code::Conflict, path, message));
                    }
                }
                return;
            }
        };
        if let Err(error) = JwksUrl::parse(&url, jwks) {
            let what =
                if path.ends_with("jwks_uri") { "`jwks_uri`" } else { "the metadata of the issuer cannot be read" };
            let problem = at(section, Code::BadValue, path, format!("{what}: {error}"));
            findings
                .problem(problem.help("[oauth.jwks_endpoint] lists hosts that may be reached by http: or are private"));
        }
    }

    /// What is wrong with its name, and what to write.
    fn misnamed(&self) -> Option<(&'static str, &'static str)> {
        let unseen = |c: char| c.is_whitespace() || c.is_control();
        match self.kind {
            IssuerKind::Spiffe if !is_trust_domain(self.name.strip_prefix(SPIFFE)?) => Some((
                "a trust domain has 1 to 255 small letters, digits, dots, dashes and underscores",
                "write the trust domain alone: issuer = \"spiffe://example.org\"",
            )),
            IssuerKind::Oidc if self.name.starts_with(SPIFFE) => {
                Some(("`issuer` is a SPIFFE trust domain", "add kind = \"spiffe\""))
            }
            _ if self.name.len() > MAX_NAME || self.name.contains(unseen) => {
                Some(("`issuer` has at most 2048 bytes and no white space", "write the claim `iss` of its tokens"))
            }
            _ => None,
        }
    }

    /// Whether a pair names this issuer; a trust domain is named with or without its scheme.
    pub fn is_named(&self, name: &str) -> bool {
        name == self.name || (self.kind == IssuerKind::Spiffe && trust_domain(name) == self.name)
    }

    /// Whether the subject can be one of this issuer.
    pub fn has_subject(&self, subject: &str) -> bool {
        match self.kind {
            IssuerKind::Oidc => !subject.is_empty() && subject.len() <= MAX_NAME,
            IssuerKind::Spiffe => {
                let path = subject.strip_prefix(&self.name).and_then(|rest| rest.strip_prefix('/'));
                subject.len() <= MAX_NAME && path.is_some_and(is_spiffe_path)
            }
        }
    }
}

/// The SPIFFE ID of a trust domain.
fn trust_domain(name: &str) -> String {
    format!("{SPIFFE}{}", name.strip_prefix(SPIFFE).unwrap_or(name))
}

/// The name of a trust domain (SPIFFE ID section 2.1).
fn is_trust_domain(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    (1..=255).contains(&name.len()) && name.bytes().all(allowed)
}

/// The path of a SPIFFE ID, without its first slash (SPIFFE ID section 2.2).
fn is_spiffe_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    path.split('/').all(|part| !["", ".", ".."].contains(&part) && part.bytes().all(allowed))
}

fn keys(section: &Section, findings: &mut Findings) -> IssuerKeys {
    let (text, file, uri) = ("trusted_issuer.jwks", "trusted_issuer.jwks_file", "trusted_issuer.jwks_uri");
    let here = material(section, text, file, findings);
    match (section.text(uri), here) {
        (Some(_), Some(here)) => {
            let message = "the keys of an issuer are at its `jwks_uri` or in the configuration, not in both places";
            findings.problem(at(section, Code::Conflict, uri, message));
            IssuerKeys::Here(here)
        }
        (Some(uri), None) => IssuerKeys::Uri(uri),
        (None, Some(here)) => IssuerKeys::Here(here),
        (None, None) => IssuerKeys::Discovered,
    }
}

fn at(section: &Section, code: Code, path: &str, message: impl AsRef<str>) -> Problem {
    Problem::new(code, section.span(path), path, message)
}

#[cfg(test)]
mod tests;
