//! What building found: mistakes at their place in the file, and what an operator should know although it works.
//!
//! It goes on after a mistake, so that all of them are reported at once.

use std::ops::Range;
use std::sync::Arc;

use dropins_host::{BindError, Binding, Failure, Generation};

use dropins_config::{Code, Deployment, Listener, Problem, Problems, Severity, Source};
use dropins_oauth::clients::Directory;

use super::listeners::FEDERATED;

/// Why there is nothing to serve.
#[derive(Debug, thiserror::Error)]
pub struct LiveError {
    /// What is wrong in the configuration, or in what it names.
    pub problems: Problems,
    /// What is wrong in the plug-in folder, one sentence each.
    pub plugins: Vec<String>,
    /// Whether the same contents may be good another time: the machine was too busy, or a file could not be read.
    pub is_transient: bool,
}

impl std::fmt::Display for LiveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plugins = self.plugins.iter().map(String::as_str);
        let problems = (!self.problems.is_empty()).then(|| self.problems.to_string());
        f.write_str(&plugins.map(str::to_owned).chain(problems).collect::<Vec<_>>().join("; "))
    }
}

/// What was found on the way.
pub(super) struct Report {
    pub(super) problems: Problems,
    pub(super) plugins: Vec<String>,
    /// Whether a component cannot be used for a transient cause.
    pub(super) unread: bool,
    /// How many of the problems are transient.
    transient: usize,
    /// Entries without a plug-in that one of the files in `plugins` may be.
    missing: usize,
    pub(super) warnings: Vec<String>,
}

impl Report {
    /// Nothing was found yet.
    pub(super) fn new(source: Arc<Source>) -> Self {
        let problems = Problems::new(source);
        Self { problems, plugins: Vec::new(), unread: false, transient: 0, missing: 0, warnings: Vec::new() }
    }

    /// The whole is transient when every problem is.
    pub(super) fn refused(self) -> LiveError {
        let errors = self.problems.iter().filter(|problem| problem.severity == Severity::Error).count() + self.missing;
        LiveError { is_transient: errors == self.transient, problems: self.problems, plugins: self.plugins }
    }

    /// A plug-in that did not answer when it was asked about this place.
    pub(super) fn unanswered(&mut self, span: Range<usize>, path: &str, failure: &Failure) {
        self.transient += usize::from(failure.is_transient());
        self.error(Code::BadValue, span, path, failure.to_string());
    }

    /// Whether one of the files that cannot be used may be what the entry names.
    fn may_be_broken(&self, binding: &Binding) -> bool {
        match binding {
            Binding::Name(_) => !self.plugins.is_empty(),
            Binding::File(file) => self.plugins.iter().any(|problem| problem.contains(&format!("/{file}: "))),
        }
    }

    /// A mistake at this place.
    pub(super) fn error(&mut self, code: Code, span: Range<usize>, path: &str, message: impl AsRef<str>) {
        self.problems.push(Problem::new(code, span, path, message));
    }

    /// Puts a binding error where the configuration causes it.
    pub(super) fn bind(&mut self, error: &BindError, enabled: &[(&Listener, dropins_host::Listener)]) {
        let at = |id: &str| enabled.iter().find(|(_, listener)| listener.id == id).map(|(entry, _)| *entry);
        let path = "event_listener";
        let missing = matches!(error, BindError::NoPlugin { .. });
        self.transient += usize::from(error.is_transient() || (missing && self.unread));
        match error {
            // The reader of two errors would look for two mistakes.
            BindError::NoPlugin { binding, .. } if self.may_be_broken(binding) => self.missing += 1,
            BindError::Empty => self.problems.push(
                Problem::new(Code::Missing, 0..0, path, error.to_string())
                    .help("add an [[event_listener]] entry that names a plug-in of the dropins folder, or enable one"),
            ),
            BindError::NoPlugin { listener, .. } | BindError::Ambiguous { listener, .. } => {
                let span = at(listener).map_or(0..0, Listener::selector_span);
                let help = "`dropins plugin list` shows the plug-ins with the names that they answer to";
                self.problems.push(Problem::new(Code::BadValue, span, path, error.to_string()).help(help));
            }
            BindError::Properties { listener, problems } => {
                for problem in problems {
                    let span = at(listener).map_or(0..0, |entry| entry.property_span(&problem.property));
                    let path = format!("event_listener.properties.{}", problem.property);
                    self.error(Code::BadValue, span, &path, format!("{}: {}", problem.property, problem.message));
                }
            }
            BindError::SameName { second: listener, .. }
            | BindError::Pin { listener, .. }
            | BindError::Canary { listener, .. } => {
                let span = at(listener).map_or(0..0, |entry| entry.span.clone());
                self.error(Code::Conflict, span, path, error.to_string());
            }
        }
    }

    /// Clients that stand in the file and in the database.
    pub(super) async fn clashes(&mut self, clients: &Directory) {
        match clients.clashes().await {
            Ok(clashes) => self.warnings.extend(clashes.iter().map(|client_id| {
                format!(
                    "client `{client_id}` is in deployment.toml and in the database: the file wins; \
                     `dropins client remove {client_id}` removes the other one"
                )
            })),
            Err(error) => self.warnings.push(error.to_string()),
        }
        if let Ok(clashes) = clients.subject_clashes().await {
            self.warnings.extend(clashes.iter().map(|(pair, client_id)| {
                format!("the subject `{pair}` is in deployment.toml and in the database, there of `{client_id}`: the file wins")
            }));
        }
    }

    /// Open registration.
    pub(super) fn registration(&mut self, deployment: &Deployment) {
        if deployment.oauth.registration.is_open() {
            let warning =
                "oauth.dcr.authentication_required is false: every caller that reaches the server can register clients";
            self.warnings.push(warning.to_owned());
        }
    }

    /// Issuers whose tokens no plug-in reads.
    pub(super) fn issuers(&mut self, deployment: &Deployment, generation: &Generation) {
        let is_read = generation.handlers().iter().any(|handler| handler.description().name == FEDERATED);
        if !deployment.trusted_issuers.is_empty() && !is_read {
            self.warnings.push(format!("[[trusted_issuer]] has no effect: no enabled listener names {FEDERATED}"));
        }
    }

    /// What plug-ins say.
    pub(super) fn generation(&mut self, generation: &Generation) {
        for handler in generation.handlers() {
            for warning in handler.warnings() {
                self.warnings.push(format!("listener `{}`: {warning}", handler.listener().id));
            }
        }
    }
}
