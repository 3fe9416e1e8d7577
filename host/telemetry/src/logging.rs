//! The log, on standard error or in a file; level, form and place may change while the process runs.
//!
//! A line is written before its event returns, so none is dropped; one that the file does not take goes to standard
//! error. `DROPINS_LOG` overrides the configured level, in the syntax of tracing's `EnvFilter`.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing::{Dispatch, Subscriber};
use tracing_appender::rolling::{RollingFileAppender, RollingWriter, Rotation};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::otlp::{TARGET, Traces};
use dropins_config::{Home, LogFile, LogFormat, Logging, Rotate};

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Where the running log is changed.
struct Handles {
    lines: reload::Handle<Lines, Registry>,
    filter: reload::Handle<EnvFilter, Registry>,
}

static HANDLES: OnceLock<Handles> = OnceLock::new();

/// The log file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("the log file {} cannot be opened: {error}; correct [logging] file, or make its folder writable", path.display())]
pub struct LogFileError {
    path: PathBuf,
    error: io::Error,
}

/// Starts logging and tracing for the rest of the process; a second call changes nothing.
///
/// # Errors
/// [`LogFileError`]; nothing is logged then.
pub fn start(home: &Home, logging: &Logging, traces: Option<&Traces>) -> Result<(), LogFileError> {
    let (lines, lines_handle) = reload::Layer::new(lines(home, logging)?);
    let (filter, filter_handle) = reload::Layer::new(filter(&logging.level));
    let log = tracing_subscriber::registry().with(lines.with_filter(filter));
    if traced(log, traces).try_init().is_ok() {
        let _set_once = HANDLES.set(Handles { lines: lines_handle, filter: filter_handle });
    }
    Ok(())
}

/// The log, with the layer of traces if there is a collector: a layer that is `None` would enable every span.
fn traced<S>(log: S, traces: Option<&Traces>) -> Dispatch
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    match traces {
        Some(traces) => log.with(traces.layer()).into(),
        None => log.into(),
    }
}

/// Changes the log that was started; without one, nothing. A log whose new file cannot be opened stays where it is.
pub fn change(home: &Home, logging: &Logging) {
    let Some(handles) = HANDLES.get() else { return };
    // They fail only when the log itself is gone.
    match lines(home, logging) {
        Ok(lines) => drop(handles.lines.reload(lines)),
        Err(error) => tracing::error!("{error}"),
    }
    let _gone = handles.filter.reload(filter(&logging.level));
}

/// The files of a log, the newest first.
///
/// # Errors
/// The folder cannot be read.
pub fn files(home: &Home, log: &LogFile) -> io::Result<Vec<PathBuf>> {
    let (folder, name) = place(home, log);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_log = entry.file_name().to_str().is_some_and(|file| file.starts_with(&name));
        files.extend((is_log && entry.file_type()?.is_file()).then(|| entry.path()));
    }
    files.sort();
    files.reverse();
    Ok(files)
}

/// What the log shows: no span of a trace, and of the rest what the operator asks for.
fn filter(level: &str) -> EnvFilter {
    let filter = EnvFilter::try_from_env("DROPINS_LOG")
        .or_else(|_| EnvFilter::try_new(level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    match format!("{TARGET}=off").parse() {
        Ok(no_traces) => filter.add_directive(no_traces),
        Err(_) => filter,
    }
}

fn lines(home: &Home, logging: &Logging) -> Result<Lines, LogFileError> {
    let writer = match &logging.file {
        Some(log) => BoxMakeWriter::new(LineFile(open(home, log)?)),
        None => BoxMakeWriter::new(io::stderr),
    };
    let lines = fmt::layer().with_writer(writer);
    Ok(match logging.format {
        // Without spans: those that began under the other form have no JSON to show.
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        LogFormat::Human => {
            let terminal = logging.file.is_none() && io::stderr().is_terminal();
            lines.with_ansi(terminal && std::env::var_os("NO_COLOR").is_none()).boxed()
        }
    })
}

/// The folder of a log, and how the names of its files begin.
fn place(home: &Home, log: &LogFile) -> (PathBuf, String) {
    let path = home.root().join(&log.path);
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    (path.parent().map(Path::to_owned).unwrap_or_default(), name)
}

/// `dropins.log.2026-11-30` for a day, `dropins.log` forever.
fn open(home: &Home, log: &LogFile) -> Result<RollingFileAppender, LogFileError> {
    let (folder, name) = place(home, log);
    let rotation = match log.rotate {
        Rotate::Daily => Rotation::DAILY,
        Rotate::Hourly => Rotation::HOURLY,
        Rotate::Never => Rotation::NEVER,
    };
    let mut appender = RollingFileAppender::builder().rotation(rotation).filename_prefix(name);
    if log.rotate != Rotate::Never {
        // It counts the current file too, also when it opens it again.
        appender = appender.max_log_files(log.keep.saturating_add(1));
    }
    let failed = |error| LogFileError { path: home.root().join(&log.path), error };
    appender.build(folder).map_err(|error| failed(io::Error::other(error)))
}

struct LineFile(RollingFileAppender);

/// Writes one line, which the formatter hands over as a whole.
struct Line<'a>(RollingWriter<'a>);

impl<'a> MakeWriter<'a> for LineFile {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(self.0.make_writer())
    }
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.write_all(line).or_else(|_full| io::stderr().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_collector_no_span_of_a_trace_begins() {
        let log = tracing_subscriber::registry().with(fmt::layer().with_writer(io::sink).with_filter(filter("info")));
        tracing::dispatcher::with_default(&traced(log, None), || {
            assert!(tracing::info_span!(target: TARGET, "request").is_disabled());
            assert!(!tracing::info_span!("another").is_disabled());
        });
    }
}
