//! The paths of another server at which clients are authenticated, each with its endpoint.

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::plain_path::is_plain_path;

/// An endpoint that authenticates clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JudgedEndpoint {
    /// RFC 6749 section 3.2.
    Token,
    /// RFC 7009 section 2.
    Revocation,
    /// RFC 7662 section 2.
    Introspection,
    /// RFC 9126 section 2.
    PushedRequests,
}

impl JudgedEndpoint {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Token, Self::Revocation, Self::Introspection, Self::PushedRequests];

    /// Its key in a section, which is its member of the metadata as well (RFC 8414 section 2).
    pub fn key(self) -> &'static str {
        match self {
            Self::Token => "token_endpoint",
            Self::Revocation => "revocation_endpoint",
            Self::Introspection => "introspection_endpoint",
            Self::PushedRequests => "pushed_authorization_request_endpoint",
        }
    }
}

/// Paths with their endpoints; a path with one slash more at its end is the same path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedPaths(Vec<(JudgedEndpoint, String)>);

impl JudgedPaths {
    /// The endpoint at this path.
    pub fn find(&self, path: &str) -> Option<JudgedEndpoint> {
        let path = path.strip_suffix('/').unwrap_or(path);
        self.0.iter().find(|(_, judged)| judged == path).map(|(endpoint, _)| *endpoint)
    }

    /// The path of this endpoint.
    pub fn path(&self, endpoint: JudgedEndpoint) -> Option<&str> {
        self.iter().find(|(other, _)| *other == endpoint).map(|(_, path)| path)
    }

    /// Endpoints with their paths.
    pub fn iter(&self) -> impl Iterator<Item = (JudgedEndpoint, &str)> {
        self.0.iter().map(|(endpoint, path)| (*endpoint, path.as_str()))
    }

    /// Reads the keys of a section, each given with its endpoint.
    pub(super) fn read(section: &Section, keys: [(JudgedEndpoint, &'static str); 4], findings: &mut Findings) -> Self {
        let mut paths: Vec<(JudgedEndpoint, String)> = Vec::new();
        for (endpoint, key) in keys {
            let Some(path) = section.text(key) else { continue };
            let fault = if !is_plain_path(&path) || path.ends_with('/') {
                Some((
                    Code::BadValue,
                    format!("`{key}` is a path such as \"/oauth2/token\", without `%`, `//`, `.` and `..`"),
                ))
            } else {
                let taken = paths.iter().any(|(_, other)| other.eq_ignore_ascii_case(&path));
                taken.then(|| (Code::Conflict, format!("`{key}` is the path of another endpoint as well")))
            };
            match fault {
                Some((code, message)) => findings.problem(Problem::new(code, section.span(key), key, message)),
                None => paths.push((endpoint, path)),
            }
        }
        Self(paths)
    }
}
