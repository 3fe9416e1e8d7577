//! Walks the tree along the schema: every key is read, known to have no meaning here, or a problem.
//!
//! It goes on after a problem, so that one run reports all of them.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::language::environment::Environment;
use crate::language::problem::{Code, Findings, Problem};
use crate::language::spelling;
use crate::language::tree::{Entry, Node, Table, Value};
use crate::schema::keys::{self, Key, Kind, PLUGIN_PROPERTIES};
use crate::schema::property::Property;
use crate::schema::reference;
use crate::schema::settings::{Given, Section, Typed, typed};
use crate::schema::suggest;
use crate::schema::wso2;

/// Checks a tree whose placeholders are resolved.
pub(crate) fn check(root: &Table, environment: &Environment, findings: &mut Findings) -> Section {
    let mut walk = Walk { findings, noticed: BTreeSet::new() };
    let mut settings = Section::default();
    walk.table(root, "", &mut settings);
    let defaults = keys::KEYS.iter().filter(|key| key.default.is_some_and(|default| default.contains('$')));
    for key in defaults.filter(|key| !settings.has(key.path)).collect::<Vec<_>>() {
        let text = key.default.and_then(|default| reference::resolve_default(root, environment, default));
        if let Some(text) = text {
            let section = key.path.rsplit_once('.').and_then(|(section, _)| root.at(section));
            let span = section.map_or(0..0, |node| node.span.clone());
            settings.given.insert(key.path, Given { value: Typed::Text(text), span, secret: false, is_written: false });
        }
    }
    settings
}

struct Walk<'f> {
    findings: &'f mut Findings,
    /// Paths without meaning here that have had their notice.
    noticed: BTreeSet<&'static str>,
}

impl Walk<'_> {
    fn table(&mut self, table: &Table, section: &str, into: &mut Section) {
        let mut unknown = Vec::new();
        for entry in &table.entries {
            let path = keys::join(section, &entry.key);
            match keys::find(&path) {
                Some(key) => self.key(key, entry, into),
                None if keys::is_section(&path) => match &entry.node.value {
                    Value::Table(inner) => self.table(inner, &path, into),
                    Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Table(_))) => {
                        let message = format!("`{path}` is one section");
                        self.problem(Code::WrongType, &entry.node.span, &path, message, format!("write [{path}]"));
                    }
                    other => {
                        let message = format!("`{path}` is a section, not {}", other.kind());
                        self.problem(Code::WrongType, &entry.node.span, &path, message, format!("write [{path}]"));
                    }
                },
                None => match wso2::known(&path) {
                    Some(known) if known == path || !is_misspelling(section, &entry.key) => {
                        self.without_meaning(known, entry)
                    }
                    _ if section == "event_listener" => match flat_property(entry) {
                        Some(property) => into.flat.push(property),
                        None => unknown.push(entry),
                    },
                    _ => unknown.push(entry),
                },
            }
        }
        self.unknown(section, &unknown);
    }

    fn key(&mut self, key: &'static Key, entry: &Entry, into: &mut Section) {
        let node = &entry.node;
        match (key.kind, &node.value) {
            (_, Value::Unresolved) => {
                into.faulty.insert(key.path);
            }
            (Kind::Tables, Value::List(items)) => {
                let elements = items.iter().filter_map(|item| self.element(key, item)).collect();
                into.tables.insert(key.path, elements);
            }
            // One table with keys of WSO2 only is WSO2's, although this server has an array of that name.
            (Kind::Tables, Value::Table(table)) if belongs_to_wso2(key.path, table) => {
                for entry in &table.entries {
                    let known = wso2::known(&keys::join(key.path, &entry.key));
                    known.into_iter().for_each(|known| self.without_meaning(known, entry));
                }
            }
            (Kind::Tables, _) => {
                let message = format!("`{}` is an array of tables, not {}", key.path, node.value.kind());
                let help = format!("write [[{0}]]; a [{0}.…] table follows the [[{0}]] that it belongs to", key.path);
                self.problem(Code::WrongType, &node.span, key.path, message, help);
            }
            (Kind::Properties, Value::Table(table)) => {
                for entry in &table.entries {
                    match property(entry) {
                        Some(property) => into.properties.push(property),
                        None if entry.node.value == Value::Unresolved => {}
                        None => {
                            let path = keys::join(key.path, &entry.key);
                            let message = format!("the property `{}` is {}", entry.key, entry.node.value.kind());
                            let help = "a property is a string, a number, a boolean or an array of them";
                            self.problem(Code::WrongType, &entry.node.span, &path, message, help);
                        }
                    }
                }
            }
            _ if into.has(key.path) => {
                let message = format!("`{}` is given twice, under two names", key.path);
                let first = into.given.get(key.path).map(|first| self.findings.first_at(&first.span));
                let help = format!("{}; keep `{}`", first.unwrap_or_default(), key.path);
                self.problem(Code::Conflict, &entry.key_span, key.path, message, help);
            }
            _ if contains_unresolved(node) => {
                into.faulty.insert(key.path);
            }
            _ => match typed(key, node) {
                Ok(value) => {
                    into.given.insert(
                        key.path,
                        Given {
                            value,
                            span: node.span.clone(),
                            secret: node.secret || contains_secret(node),
                            is_written: true,
                        },
                    );
                }
                Err(expected) => {
                    into.faulty.insert(key.path);
                    self.wrong_type(key, node, &expected);
                }
            },
        }
    }

    fn element(&mut self, key: &Key, item: &Node) -> Option<Section> {
        let Value::Table(table) = &item.value else {
            let message = format!("an element of `{}` is a table, not {}", key.path, item.value.kind());
            self.problem(Code::WrongType, &item.span, key.path, message, format!("write [[{}]]", key.path));
            return None;
        };
        let mut section = Section { span: item.span.clone(), ..Section::default() };
        self.table(table, key.path, &mut section);
        Some(section)
    }

    fn wrong_type(&mut self, key: &Key, node: &Node, expected: &str) {
        let hidden = node.secret || key.kind == Kind::Secret;
        let message = match node.value.scalar() {
            Some(given) if !hidden => format!("`{}` is {expected}, not {}", key.path, shortened(&given)),
            Some(_) => format!("`{}` is {expected}", key.path),
            None => format!("`{}` is {expected}, not {}", key.path, node.value.kind()),
        };
        let is_scalar = node.value.scalar().is_some();
        let code = if is_scalar && key.kind != Kind::Json { Code::BadValue } else { Code::WrongType };
        self.findings.problem(Problem::new(code, node.span.clone(), key.path, message));
    }

    fn without_meaning(&mut self, known: &'static str, entry: &Entry) {
        if self.noticed.insert(known) {
            self.findings.notice(&entry.key_span, known, "accepted, without meaning here");
        }
    }

    fn unknown(&mut self, section: &str, unknown: &[&Entry]) {
        let strays = listener_strays(section, unknown);
        if let Some(first) = strays.first() {
            let names: Vec<String> = strays.iter().map(|entry| format!("`{}`", entry.key)).collect();
            let message = format!("{} are outside of an event listener", names.join(", "));
            let help =
                "put the line [[event_listener]] above the entry, and [event_listener.properties] above its properties";
            let path = keys::join(section, &first.key);
            self.problem(Code::MisplacedKey, &first.key_span, &path, message, help);
        }
        for entry in unknown.iter().filter(|entry| !strays.iter().any(|stray| std::ptr::eq(*stray, **entry))) {
            let message = match section {
                "" => format!("`{}` is not a section of this file", entry.key),
                _ => format!("`{}` is not a key of {}", entry.key, keys::header(section)),
            };
            let help = suggest::for_unknown_key(section, &entry.key);
            let path = keys::join(section, &entry.key);
            self.problem(Code::UnknownKey, &entry.key_span, &path, message, help);
        }
    }

    fn problem(
        &mut self,
        code: Code,
        span: &Range<usize>,
        path: &str,
        message: impl AsRef<str>,
        help: impl AsRef<str>,
    ) {
        self.findings.problem(Problem::new(code, span.clone(), path, message).help(help));
    }
}

fn belongs_to_wso2(section: &str, table: &Table) -> bool {
    let known = |entry: &Entry| wso2::known(&keys::join(section, &entry.key)).is_some();
    !table.entries.is_empty() && table.entries.iter().all(known)
}

/// Whether the key looks like one of ours in this section, so that it is not meant for another product.
fn is_misspelling(section: &str, key: &str) -> bool {
    keys::children(section).any(|known| spelling::is_near_miss(key, known))
}

/// A property directly in a listener, unless it is a misspelt key of the listener itself.
fn flat_property(entry: &Entry) -> Option<Property> {
    let known = PLUGIN_PROPERTIES.iter().any(|name| name.eq_ignore_ascii_case(&entry.key));
    if known || !is_misspelling("event_listener", &entry.key) { property(entry) } else { None }
}

fn property(entry: &Entry) -> Option<Property> {
    let values = match &entry.node.value {
        Value::List(items) => items.iter().map(|item| item.value.scalar()).collect::<Option<Vec<_>>>()?,
        other => vec![other.scalar()?],
    };
    let secret = entry.node.secret || contains_secret(&entry.node);
    Some(Property { name: entry.key.clone(), values, secret, span: entry.node.span.clone() })
}

fn contains_secret(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.iter().any(|item| item.secret))
}

fn contains_unresolved(node: &Node) -> bool {
    matches!(&node.value, Value::List(items) if items.iter().any(|item| item.value == Value::Unresolved))
}

/// Entries of a listener whose `[[event_listener]]` line got lost, as in pages that were copied from a browser.
fn listener_strays<'e>(section: &str, unknown: &[&'e Entry]) -> Vec<&'e Entry> {
    let is_property = |key: &str| PLUGIN_PROPERTIES.iter().any(|name| name.eq_ignore_ascii_case(key));
    let is_listener_key = |key: &str| keys::children("event_listener").any(|name| name == key);
    let certain = unknown.iter().any(|entry| is_property(&entry.key) || entry.key == "order");
    if section == "event_listener" || !certain {
        return Vec::new();
    }
    unknown.iter().copied().filter(|entry| is_property(&entry.key) || is_listener_key(&entry.key)).collect()
}

fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}
