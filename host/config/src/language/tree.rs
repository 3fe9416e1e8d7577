//! The configuration file as a tree with spans, before any key has a meaning.
//!
//! Entries keep the order of the file. Syntax errors are collected, at most one a line, and what follows
//! them is still read.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use crate::language::problem::{Code, Problem};
use crate::language::source::is_secret_key;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) span: Range<usize>,
    /// Whether it must stay out of messages.
    pub(crate) secret: bool,
}

/// A TOML value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(String),
    /// An integer, as decimal text.
    Integer(String),
    Float(String),
    Boolean(bool),
    Date(String),
    List(Vec<Node>),
    Table(Table),
    /// A text whose placeholders could not be resolved; reported already.
    Unresolved,
}

/// A table, in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Value {
    /// The text of a scalar, as a property or a placeholder sees it.
    pub(crate) fn scalar(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Integer(text) | Self::Float(text) | Self::Date(text) => Some(text.clone()),
            Self::Boolean(value) => Some(value.to_string()),
            Self::List(_) | Self::Table(_) | Self::Unresolved => None,
        }
    }

    /// The type, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "a boolean",
            Self::Date(_) => "a date",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Unresolved => "an unresolved placeholder",
        }
    }
}

impl Table {
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The node at a dotted path, through tables only.
    pub(crate) fn at(&self, path: &str) -> Option<&Node> {
        let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        let node = &self.get(head)?.node;
        match (rest, &node.value) {
            (None, _) => Some(node),
            (Some(rest), Value::Table(table)) => table.at(rest),
            (Some(_), _) => None,
        }
    }

    /// Where the secrets stand.
    pub(crate) fn secrets(&self) -> Vec<Range<usize>> {
        let mut spans = Vec::new();
        self.entries.iter().for_each(|entry| collect_secrets(&entry.node, &mut spans));
        spans
    }
}

fn collect_secrets(node: &Node, spans: &mut Vec<Range<usize>>) {
    if node.secret {
        spans.push(node.span.clone());
    }
    match &node.value {
        Value::Table(inner) => inner.entries.iter().for_each(|entry| collect_secrets(&entry.node, spans)),
        Value::List(items) => items.iter().for_each(|item| collect_secrets(item, spans)),
        _ => {}
    }
}

/// Reads the text; the problems are the syntax errors.
///
/// The parser ends at a key without a value, so such a line is blanked out and the text is read again.
pub(crate) fn parse(text: &str) -> (Table, Vec<Problem>) {
    let mut problems: Vec<Problem> = Vec::new();
    let mut readable = text.to_owned();
    for _ in 0..MAX_ROUNDS {
        let (root, errors) = DeTable::parse_recoverable(&readable);
        let new: Vec<Problem> = errors.iter().map(|error| syntax_error(text, error)).collect();
        let broken: Vec<Range<usize>> = new
            .iter()
            .map(|problem| line_around(text, problem.span.start))
            .filter(|line| readable.get(line.clone()).is_some_and(ends_the_parser))
            .collect();
        for problem in new {
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        if broken.is_empty() {
            return (table(root.get_ref()), problems);
        }
        for line in broken {
            let blank = " ".repeat(line.len());
            readable.replace_range(line, &blank);
        }
    }
    (Table::default(), problems)
}

const MAX_ROUNDS: usize = 100;

fn ends_the_parser(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('[') && !line.contains('=')
}

fn syntax_error(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let problem = Problem::new(Code::Syntax, span.clone(), "", error.message());
    let line = text.get(line_around(text, span.start)).unwrap_or_default();
    match line.chars().find(|c| "“”„‟‘’‚‛".contains(*c)) {
        Some(quote) => {
            problem.help(format!("{quote} is a typographic quote; TOML strings are in straight quotes \"…\""))
        }
        None if error.message() == "duplicate key" => match first_definition(text, span.start) {
            Some(line) => problem.help(format!("first defined at line {line}; change that entry")),
            None => problem,
        },
        None => problem,
    }
}

/// The number of the line that defines the header, or the key of its section, of the line at this offset.
fn first_definition(text: &str, offset: usize) -> Option<usize> {
    let defined = |line: &str| {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('[') {
            line.to_owned()
        } else {
            line.split('=').next().unwrap_or_default().trim().to_owned()
        }
    };
    let before: Vec<&str> = text.get(..line_around(text, offset).start)?.lines().collect();
    let wanted = defined(text.get(line_around(text, offset))?);
    let section = match wanted.starts_with('[') {
        true => 0,
        false => before.iter().rposition(|line| line.trim_start().starts_with('[')).map_or(0, |header| header + 1),
    };
    before.iter().skip(section).position(|line| defined(line) == wanted).map(|at| section + at + 1)
}

/// The byte range of the line around an offset, without its line break.
fn line_around(text: &str, offset: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let start = bytes.iter().take(offset).rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let end = bytes.iter().skip(offset).position(|byte| *byte == b'\n').map_or(bytes.len(), |at| offset + at);
    start..end
}

fn table(source: &DeTable<'_>) -> Table {
    let mut entries: Vec<Entry> = source.iter().map(|(key, value)| entry(key.get_ref(), key.span(), value)).collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    Table { entries }
}

fn entry(key: &str, key_span: Range<usize>, value: &Spanned<DeValue<'_>>) -> Entry {
    let mut node = node(value);
    node.secret |= is_secret_key(key);
    Entry { key: key.to_owned(), key_span, node }
}

fn node(source: &Spanned<DeValue<'_>>) -> Node {
    let value = match source.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => Value::Integer(decimal(integer.as_str(), integer.radix())),
        DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(list(items)),
        DeValue::Table(inner) => Value::Table(table(inner)),
    };
    let secret = has_user_info(&value);
    Node { value, span: source.span(), secret }
}

fn list(items: &DeArray<'_>) -> Vec<Node> {
    items.iter().map(node).collect()
}

/// An integer beyond 128 bits keeps its digits: it is out of every range.
fn decimal(digits: &str, radix: u32) -> String {
    i128::from_str_radix(digits, radix).map_or_else(|_| digits.to_owned(), |value| value.to_string())
}

/// `scheme://user:password@host`.
fn has_user_info(value: &Value) -> bool {
    let Value::Text(text) = value else { return false };
    let authority = text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    authority.is_some_and(|authority| authority.contains('@'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_the_order_of_the_file_and_their_spans() {
        let text = "b = 1\na = 0x10\n[t.u]\nc = [true]\n";
        let (root, problems) = parse(text);
        assert!(problems.is_empty());
        let keys: Vec<&str> = root.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["b", "a", "t"]);
        assert_eq!(root.at("a").unwrap().value, Value::Integer("16".to_owned()));
        assert_eq!(&text[root.at("t.u").unwrap().span.clone()], "[t.u]");
        assert_eq!(&text[root.at("t.u.c").unwrap().span.clone()], "[true]");
    }

    #[test]
    fn every_syntax_error_is_reported_and_the_rest_is_read() {
        let (root, problems) = parse("a = \nb = yes\nc = 'open\nd = 4\ne 5\nf = 6\n");
        assert_eq!(problems.len(), 4, "{problems:#?}");
        assert!(root.get("d").is_some() && root.get("f").is_some(), "{root:#?}");
    }

    #[test]
    fn a_duplicate_tells_where_the_first_one_is() {
        for (text, line) in [
            ("a = 1\n[s]\na = 1\nb = 2\na = 3 # again\n", 3),
            ("[s]\na = 1\n[t]\n[s]\nb = 2\n", 1),
            ("[s] # first\na = 1\n[t]\na = 1\n[s]\n", 1),
        ] {
            let (_, problems) = parse(text);
            let help = problems[0].help.clone().unwrap_or_default();
            assert!(help.contains(&format!("first defined at line {line};")), "{text}\n{problems:#?}");
        }
    }

    #[test]
    fn typographic_quotes_are_named() {
        let (_, problems) = parse("name = “x”\n");
        assert!(problems[0].help.as_ref().unwrap().contains("typographic"), "{problems:?}");
        assert_eq!(parse("name = \"“x”\"").1, []);
    }

    #[test]
    fn secrets_are_found_by_key_and_by_user_info() {
        let text = "password = 'a'\nurl = 'redis://u:b@h/'\nname = 'c'\n";
        let secrets: Vec<&str> = parse(text).0.secrets().into_iter().map(|span| &text[span]).collect();
        assert_eq!(secrets, ["'a'", "'redis://u:b@h/'"]);
    }
}
