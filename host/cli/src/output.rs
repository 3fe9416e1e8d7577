//! What verbs print: lines, tables, JSON documents. Data goes to standard output.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};

/// What is as it should be, what is not, and what needs a look. A stream that is no terminal, and one with `NO_COLOR`,
/// is written without colours; `CLICOLOR_FORCE` brings them back.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
const LOOK: Style = AnsiColor::Yellow.on_default();

/// Prints a line; a closed pipe ends the program as it ends others.
pub(crate) fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    match writeln!(anstream::stdout(), "{line}") {
        // The reader has what it wanted, as with `| head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written?),
    }
}

/// Prints a warning among the data.
pub(crate) fn say_warning(line: impl std::fmt::Display) -> anyhow::Result<()> {
    say(format_args!("{LOOK}warning{LOOK:#}: {line}"))
}

/// Prints a JSON document for scripts.
pub(crate) fn say_json(document: &impl serde::Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(document)?)
}

/// Prints rows in columns; on a terminal, cells are wrapped to its width.
pub(crate) fn say_table(header: &[&str], rows: &[Vec<String>]) -> anyhow::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    table.add_rows(rows);
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    table.lines().try_for_each(|line| say(line.trim_end()))
}
