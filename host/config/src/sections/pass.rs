//! `pass` of an upstream: a path, or with `/*` at its end every path below.
//!
//! None matches a judged path, in whatever case it is written: an upstream may read paths without regard to case.

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::judged_paths::JudgedPaths;
use crate::sections::plain_path::is_plain_path;

/// Paths that are forwarded unjudged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Without `/*`, and without a slash at its end.
    path: String,
    /// Whether it is every path below, too.
    below: bool,
}

impl std::fmt::Display for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(if self.below { "/*" } else { "" })
    }
}

impl Pass {
    fn parse(text: &str) -> Option<Self> {
        let (path, below) = text.strip_suffix("/*").map_or((text, false), |path| (path, true));
        let is_path = (below && path.is_empty()) || (is_plain_path(path) && !path.ends_with('/'));
        let alone = !path.contains('*');
        (is_path && alone).then(|| Self { path: path.to_owned(), below })
    }

    /// Whether it matches this path exactly as it is written, with or without one slash at its end.
    pub fn matches(&self, path: &str) -> bool {
        match path.strip_prefix(self.path.as_str()) {
            Some("" | "/") => !self.below || self.path.is_empty(),
            Some(rest) => self.below && rest.starts_with('/'),
            None => false,
        }
    }

    /// Whether a server that ignores case or a slash at the end could take it for this path.
    pub(super) fn covers(&self, path: &str) -> bool {
        let (own, path) = (self.path.to_ascii_lowercase(), path.to_ascii_lowercase());
        match path.strip_prefix(&own) {
            Some("" | "/") => true,
            Some(rest) => self.below && rest.starts_with('/'),
            None => false,
        }
    }

    /// Whether there are paths that both match.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.covers(&other.path) || other.covers(&self.path)
    }

    pub(super) fn read_all(section: &Section, judged: &JudgedPaths, findings: &mut Findings) -> Vec<Self> {
        let path = "upstream.pass";
        let mut passes = Vec::new();
        for text in section.words(path) {
            let problem = |code, message: String| Problem::new(code, section.span(path), path, message);
            match Self::parse(&text) {
                None => findings.problem(
                    problem(Code::BadValue, format!("`{text}` is not a path without `%`, `//`, `.` and `..`"))
                        .help("pass = [\"/oauth2/authorize\", \"/login/*\"]"),
                ),
                Some(pass) => match judged.iter().find(|(_, judged)| pass.covers(judged)) {
                    Some((endpoint, judged)) => {
                        let message = format!("`{text}` matches `{judged}`, the {} of this upstream", endpoint.key());
                        findings.problem(
                            problem(Code::Conflict, message)
                                .help("a judged path never passes; list the other paths one by one"),
                        );
                    }
                    None => passes.push(pass),
                },
            }
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_itself_and_a_folder_what_is_below() {
        let pass = |text: &str| Pass::parse(text).unwrap();
        assert!(pass("/a").matches("/a") && pass("/a").matches("/a/"));
        assert!(!pass("/a").matches("/a/b") && !pass("/a").matches("/A") && !pass("/a").matches("/ab"));
        assert!(pass("/a/*").matches("/a/b") && pass("/a/*").matches("/a/b/c/"));
        assert!(!pass("/a/*").matches("/a") && !pass("/a/*").matches("/a/") && !pass("/a/*").matches("/ab"));
        assert!(pass("/*").matches("/") && pass("/*").matches("/x"));
        for text in ["a", "", "*", "/a/", "/a*", "/*/a", "/a/*/b", "/a/**", "/a%20", "/a//b", "/../a", "/a;x"] {
            assert!(Pass::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn it_covers_what_a_careless_server_could_take_it_for() {
        let pass = |text: &str| Pass::parse(text).unwrap();
        for (text, judged) in [("/t", "/t"), ("/T", "/t"), ("/t/*", "/t"), ("/*", "/t"), ("/a/*", "/A/t")] {
            assert!(pass(text).covers(judged), "{text} {judged}");
        }
        assert!(!pass("/t/x").covers("/t") && !pass("/a/*").covers("/t"));
        assert!(pass("/a/*").meets(&pass("/a/b")) && pass("/a").meets(&pass("/A")) && !pass("/a").meets(&pass("/b")));
    }
}
