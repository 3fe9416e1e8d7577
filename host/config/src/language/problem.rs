//! Problems and notices, with the places that they are about.
//!
//! A problem stops the configuration from being used; a notice is one line at start-up. Neither ever holds a
//! secret: messages are written without them, and quoted lines come from [`Source`], which has none.

use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use dropins_services::printable;

use crate::language::source::{Position, Source};

/// What kind of mistake a problem is; stable, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// Not TOML.
    Syntax,
    /// A key that no section reads.
    UnknownKey,
    /// A known key in the wrong place.
    MisplacedKey,
    /// A value of the wrong type.
    WrongType,
    /// A value of the right type that is not allowed.
    BadValue,
    /// A required key is absent.
    Missing,
    /// A placeholder that cannot be resolved.
    Unresolved,
    /// Two settings that exclude each other.
    Conflict,
    /// A setting that would expose secrets or clients.
    Insecure,
    /// A file that the configuration names cannot be read.
    File,
}

impl Code {
    /// The code as it is printed, `unknown-key`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownKey => "unknown-key",
            Self::MisplacedKey => "misplaced-key",
            Self::WrongType => "wrong-type",
            Self::BadValue => "bad-value",
            Self::Missing => "missing",
            Self::Unresolved => "unresolved",
            Self::Conflict => "conflict",
            Self::Insecure => "insecure",
            Self::File => "file",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// The configuration can be used, but not as it seems to be meant.
    Warning,
}

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of mistake.
    pub code: Code,
    /// How bad it is.
    pub severity: Severity,
    /// Byte range of the text that it is about.
    pub span: Range<usize>,
    /// The key, `server.base_path`; empty for a syntax error.
    pub path: String,
    /// What is wrong, one sentence.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// An error at this place.
    pub fn new(code: Code, span: Range<usize>, path: impl Into<String>, message: impl AsRef<str>) -> Self {
        let message = printable(message.as_ref());
        Self { code, severity: Severity::Error, span, path: path.into(), message, help: None }
    }

    /// The same problem as a warning.
    pub fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// The same problem with advice.
    pub fn help(self, help: impl AsRef<str>) -> Self {
        Self { help: Some(printable(help.as_ref())), ..self }
    }
}

/// Something worth a line at start-up.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Notice {
    /// Where the first of its keys is.
    pub position: Position,
    /// The keys, `user_store, session_data`.
    pub path: String,
    /// What the operator should know, without the keys.
    pub message: String,
}

impl Notice {
    /// Whether it says the same about the same keys, wherever they are.
    pub fn says_as(&self, other: &Self) -> bool {
        (&self.path, &self.message) == (&other.path, &other.message)
    }

    /// The line to print: `deployment.toml:3:1: user_store: accepted, without meaning here`.
    pub fn line(&self, file_name: &str) -> String {
        format!("{file_name}:{}: {}: {}", self.position, self.path, self.message)
    }
}

/// All problems of one configuration file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems {
    source: Arc<Source>,
    list: Vec<Problem>,
}

impl Problems {
    /// No problems yet in this file.
    pub fn new(source: Arc<Source>) -> Self {
        Self { source, list: Vec::new() }
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.list.push(problem);
        self.list.sort_by_key(|problem| problem.span.start);
    }

    /// Keeps the problems for which this holds.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Problem) -> bool) {
        self.list.retain(keep);
    }

    /// Whether any of them is an error.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The problems, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.list.iter()
    }

    /// The file that they are about.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Line and column of a problem.
    pub fn position(&self, problem: &Problem) -> Position {
        self.source.position(problem.span.start)
    }

    /// Every problem with its place `file:line:column`, the line in question and what to do.
    pub fn render(&self, file_name: &str, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let reports: Vec<String> =
            self.list.iter().map(|problem| self.render_one(problem, file_name, &renderer)).collect();
        reports.join("\n\n")
    }

    fn render_one(&self, problem: &Problem, file_name: &str, renderer: &Renderer) -> String {
        let level = match problem.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let span = self.source.clamp(&problem.span);
        let snippet =
            Snippet::source(self.source.shown()).path(file_name).annotation(AnnotationKind::Primary.span(span));
        let group = level.primary_title(problem.message.as_str()).id(problem.code.as_str()).element(snippet);
        let group = match &problem.help {
            Some(help) => group.element(Level::HELP.message(help.as_str())),
            None => group,
        };
        renderer.render(&[group])
    }

    /// The problems as an array of objects, for scripts.
    pub fn to_json(&self, file_name: &str) -> serde_json::Value {
        let entries = self.list.iter().map(|problem| {
            let position = self.position(problem);
            serde_json::json!({
                "code": problem.code,
                "severity": problem.severity,
                "file": file_name,
                "line": position.line,
                "column": position.column,
                "span": { "start": problem.span.start, "end": problem.span.end },
                "path": problem.path,
                "message": problem.message,
                "help": problem.help,
            })
        });
        entries.collect()
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (number, problem) in self.list.iter().enumerate() {
            let separator = if number == 0 { "" } else { "; " };
            write!(out, "{separator}{}: {}", self.position(problem), problem.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Problems and notices while a file is being read.
pub(crate) struct Findings {
    pub(crate) problems: Problems,
    pub(crate) notices: Vec<Notice>,
    source: Arc<Source>,
    /// Texts that no message repeats, wherever they were put by mistake.
    hidden: Vec<String>,
}

/// The shortest secret, in bytes, that is blanked out in messages: a shorter one would blank out words.
const SHORTEST_HIDDEN: usize = 8;

impl Findings {
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self { problems: Problems::new(source.clone()), notices: Vec::new(), source, hidden: Vec::new() }
    }

    /// Keeps these texts out of the messages to come.
    pub(crate) fn hide(&mut self, secrets: Vec<String>) {
        let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST_HIDDEN);
        self.hidden.extend(long.map(|secret| printable(secret)));
    }

    fn shown(&self, message: &str) -> String {
        self.hidden.iter().fold(message.to_owned(), |message, secret| message.replace(secret, "…"))
    }

    pub(crate) fn problem(&mut self, problem: Problem) {
        let (message, help) = (self.shown(&problem.message), problem.help.as_deref().map(|help| self.shown(help)));
        self.problems.push(Problem { message, help, ..problem });
    }

    /// Where the first of two is: `first defined at line 35`.
    pub(crate) fn first_at(&self, span: &Range<usize>) -> String {
        format!("first defined at line {}", self.source.position(span.start).line)
    }

    /// Adds a notice; one line says the same of several keys.
    pub(crate) fn notice(&mut self, span: &Range<usize>, path: impl Into<String>, message: impl AsRef<str>) {
        let (position, path) = (self.source.position(span.start), path.into());
        let message = self.shown(&printable(message.as_ref()));
        match self.notices.iter_mut().find(|notice| notice.message == message) {
            Some(notice) => notice.path += &format!(", {path}"),
            None => self.notices.push(Notice { position, path, message }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems() -> Problems {
        let mut problems = Problems::new(Arc::new(Source::new("[server]\nhostnam = \"x\"\n", &[])));
        let problem = Problem::new(Code::UnknownKey, 9..16, "server.hostnam", "`hostnam` is not a key of [server]");
        problems.push(problem.help("did you mean `hostname`?"));
        problems
    }

    #[test]
    fn a_rendered_problem_has_its_place_its_line_and_advice() {
        let text = problems().render("conf/deployment.toml", false);
        assert!(text.starts_with("error[unknown-key]: `hostnam` is not a key of [server]"), "{text}");
        for part in ["conf/deployment.toml:2:1", "2 | hostnam = \"x\"", "^^^^^^^", "help: did you mean `hostname`?"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(problems().render("f", true).contains("\u{1b}["));
    }

    #[test]
    fn json_names_file_line_and_column() {
        let json = problems().to_json("d.toml");
        assert_eq!(json[0]["code"], "unknown-key");
        assert_eq!((&json[0]["line"], &json[0]["column"]), (&2.into(), &1.into()));
    }

    #[test]
    fn a_span_outside_of_the_text_is_rendered_all_the_same() {
        let mut problems = Problems::new(Arc::new(Source::new("ü", &[])));
        problems.push(Problem::new(Code::Syntax, 1..900, "", "broken\u{1b}[31m"));
        assert!(problems.render("f", false).contains("broken\\u{1b}[31m"));
    }
}
