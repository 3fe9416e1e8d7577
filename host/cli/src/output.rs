//! What verbs print: lines, tables, JSON documents. Data goes to standard output.

use std::io::Write as _;

use serde_json::Value;

/// Prints a line; a closed pipe ends the program as it ends others.
pub(crate) fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}

/// Prints a JSON document for scripts.
pub(crate) fn say_json(document: &impl serde::Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(document)?)
}

/// A member of a JSON object; null when there is none.
pub(crate) fn member<'a>(document: &'a Value, name: &str) -> &'a Value {
    document.get(name).unwrap_or(&Value::Null)
}

/// Prints rows in columns that are as wide as their widest cell.
pub(crate) fn say_table(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(header.get(column).map(|title| title.len())).max().unwrap_or(0)
    };
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.enumerate().map(|(column, cell)| format!("{cell:<width$}", width = width(column)));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    say(line(&mut header.iter().copied()))?;
    rows.iter().try_for_each(|row| say(line(&mut row.iter().map(String::as_str))))
}
