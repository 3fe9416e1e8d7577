//! Placeholders in strings: `$ref{section.key}`, `$env{NAME}`, `$cred{NAME}`, `$sys{NAME}`, and Carbon's `${name}` for
//! system properties.
//!
//! References are followed through references; a cycle, a missing name and an expansion beyond 64 KiB are
//! problems. Whatever came from the environment, a credential or a secret is a secret. Spans stay those of the raw text.

use std::path::PathBuf;

use crate::language::environment::Environment;
use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::language::tree::{Entry, Node, Table, Value};
use crate::schema::keys;

const MAX_DEPTH: usize = 32;
const MAX_LENGTH: usize = 64 * 1024;

/// The tree with every placeholder resolved; what cannot be resolved is reported and left out.
pub(crate) fn resolve(root: &Table, environment: &Environment, findings: &mut Findings) -> Table {
    let resolver = Resolver { root, environment };
    resolver.table(root, "", findings)
}

/// A default that refers to other keys, such as `https://$ref{server.hostname}:9443`.
pub(crate) fn resolve_default(root: &Table, environment: &Environment, text: &str) -> Option<String> {
    Resolver { root, environment }.text(text, &mut Vec::new()).ok().map(|resolved| resolved.text)
}

struct Resolver<'a> {
    root: &'a Table,
    environment: &'a Environment,
}

struct Resolved {
    text: String,
    /// What of it must stay out of messages.
    secrets: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("the environment variable {0} is not set")]
    NoVariable(String),
    #[error("the credential {0} is not in {folder}", folder = .1.display())]
    NoCredential(String, PathBuf),
    #[error("the credential {0} is not there: CREDENTIALS_DIRECTORY is not set")]
    NoCredentials(String),
    #[error("the system property {0} is not set")]
    NoProperty(String),
    #[error("`$ref{{{0}}}` names a key that is not set and has no default")]
    NoKey(String),
    #[error("`$ref{{{0}}}` names a table or an array")]
    NotScalar(String),
    #[error("the reference leads back to itself: {0}")]
    Cycle(String),
    #[error("the reference leads through more than {MAX_DEPTH} keys")]
    TooDeep,
    #[error("the value grows beyond {MAX_LENGTH} bytes")]
    TooLong,
    #[error("`${0}{{` has no closing brace")]
    Open(&'static str),
    #[error("`$secret{{}}` is not supported")]
    SecretStore,
}

impl Fault {
    fn help(&self) -> Option<String> {
        match self {
            Self::NoVariable(name) => Some(format!("set {name} in the environment of the server")),
            Self::NoCredential(name, _) | Self::NoCredentials(name) => Some(format!(
                "in a unit of systemd, write LoadCredential={name}:FILE; in a shell, set CREDENTIALS_DIRECTORY to the folder \
                 of the file {name}"
            )),
            Self::NoProperty(name) => Some(format!("pass -D{name}=VALUE to the server")),
            Self::NoKey(path) => {
                spelling::nearest(path, keys::paths()).map(|near| format!("did you mean `$ref{{{near}}}`?"))
            }
            Self::SecretStore => {
                Some("use $env{NAME} or $cred{NAME}: a variable, or a credential of the service manager".to_owned())
            }
            _ => None,
        }
    }
}

impl Resolver<'_> {
    fn table(&self, table: &Table, prefix: &str, findings: &mut Findings) -> Table {
        let entries = table.entries.iter().map(|entry| {
            let path = keys::join(prefix, &entry.key);
            Entry { node: self.node(&entry.node, &path, findings), ..entry.clone() }
        });
        Table { entries: entries.collect() }
    }

    fn node(&self, node: &Node, path: &str, findings: &mut Findings) -> Node {
        let mut secret = node.secret;
        let value = match &node.value {
            Value::Table(inner) => Value::Table(self.table(inner, path, findings)),
            Value::List(items) => Value::List(items.iter().map(|item| self.node(item, path, findings)).collect()),
            Value::Text(text) if text.contains('$') => match self.text(text, &mut vec![path.to_owned()]) {
                Ok(resolved) => {
                    secret |= !resolved.secrets.is_empty();
                    findings.hide(resolved.secrets);
                    Value::Text(resolved.text)
                }
                Err(fault) => {
                    let problem = Problem::new(Code::Unresolved, node.span.clone(), path, fault.to_string());
                    findings.problem(Problem { help: fault.help(), ..problem });
                    Value::Unresolved
                }
            },
            other => other.clone(),
        };
        Node { value, span: node.span.clone(), secret }
    }

    fn text(&self, text: &str, trail: &mut Vec<String>) -> Result<Resolved, Fault> {
        let mut resolved = Resolved { text: String::new(), secrets: Vec::new() };
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            resolved.text.push_str(before);
            rest = self.placeholder(after, &mut resolved, trail)?;
            if resolved.text.len() > MAX_LENGTH {
                return Err(Fault::TooLong);
            }
        }
        resolved.text.push_str(rest);
        Ok(resolved)
    }

    /// Appends what the text after a `$` refers to, and returns what follows it.
    fn placeholder<'t>(&self, after: &'t str, into: &mut Resolved, trail: &mut Vec<String>) -> Result<&'t str, Fault> {
        for kind in ["ref", "env", "cred", "sys", "secret"] {
            let Some(open) = after.strip_prefix(kind).and_then(|rest| rest.strip_prefix('{')) else { continue };
            let (name, rest) = open.split_once('}').ok_or(Fault::Open(kind))?;
            let value = match kind {
                "ref" => self.reference(name, trail)?,
                "env" => {
                    let value = self.environment.variable(name).ok_or_else(|| Fault::NoVariable(name.to_owned()))?;
                    Resolved { text: value.to_owned(), secrets: vec![value.to_owned()] }
                }
                "cred" => {
                    let value = self.credential(name)?;
                    Resolved { text: value.to_owned(), secrets: vec![value.to_owned()] }
                }
                "sys" => {
                    let value = self.environment.property(name).ok_or_else(|| Fault::NoProperty(name.to_owned()))?;
                    Resolved { text: value.to_owned(), secrets: Vec::new() }
                }
                _ => return Err(Fault::SecretStore),
            };
            into.text.push_str(&value.text);
            into.secrets.extend(value.secrets);
            return Ok(rest);
        }
        let carbon = after.strip_prefix('{').and_then(|open| open.split_once('}'));
        if let Some((value, rest)) = carbon.and_then(|(name, rest)| Some((self.environment.property(name)?, rest))) {
            into.text.push_str(value);
            return Ok(rest);
        }
        into.text.push('$');
        Ok(after)
    }

    fn credential(&self, name: &str) -> Result<&str, Fault> {
        let credentials = self.environment.credentials();
        credentials.get(name).ok_or_else(|| match credentials.folder() {
            Some(folder) => Fault::NoCredential(name.to_owned(), folder.to_owned()),
            None => Fault::NoCredentials(name.to_owned()),
        })
    }

    fn reference(&self, path: &str, trail: &mut Vec<String>) -> Result<Resolved, Fault> {
        if trail.iter().any(|step| step == path) {
            return Err(Fault::Cycle(format!("{} -> {path}", trail.join(" -> "))));
        }
        if trail.len() >= MAX_DEPTH {
            return Err(Fault::TooDeep);
        }
        trail.push(path.to_owned());
        let resolved = match self.root.at(path) {
            Some(node) => {
                let text = node.value.scalar().ok_or_else(|| Fault::NotScalar(path.to_owned()))?;
                let mut inner = self.text(&text, trail)?;
                inner.secrets.extend(node.secret.then(|| inner.text.clone()));
                inner
            }
            None => {
                let default = keys::find(path).and_then(|key| key.default);
                self.text(default.ok_or_else(|| Fault::NoKey(path.to_owned()))?, trail)?
            }
        };
        trail.pop();
        Ok(resolved)
    }
}
