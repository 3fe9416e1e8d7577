//! What verbs print: lines, tables, JSON documents. Data goes to standard output.

use std::io::{ErrorKind, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use dropins_host::Digest;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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

/// `2027-01-15T08:00:00Z`
pub(crate) fn utc(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// What tells a digest from others.
pub(crate) fn short(digest: &Digest) -> String {
    format!("sha256:{}", digest.short())
}

/// A time in its two largest units: `40 d 0 h`.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_at_most_two_units() {
        assert_eq!([59, 60, 3_661, 3_456_004].map(span), ["59 s", "1 min 0 s", "1 h 1 min", "40 d 0 h"]);
    }

    #[test]
    fn times_are_shown_in_utc() {
        assert_eq!(utc(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(utc(u64::MAX), "18446744073709551615 s after 1970");
    }
}
