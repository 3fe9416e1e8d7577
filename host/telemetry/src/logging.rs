//! Logs on standard error, for people or as JSON lines; level and form may change while the process runs.
//!
//! `DROPINS_LOG` overrides the configured level, in the syntax of tracing's `EnvFilter`.

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use dropins_config::{LogFormat, Logging};

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Where the running log is changed.
struct Handles {
    lines: reload::Handle<Lines, Registry>,
    filter: reload::Handle<EnvFilter, Filtered>,
}

type Filtered = tracing_subscriber::layer::Layered<reload::Layer<Lines, Registry>, Registry>;

static HANDLES: OnceLock<Handles> = OnceLock::new();

/// Starts logging for the rest of the process; a second call changes nothing.
pub fn start(logging: &Logging) {
    let (lines, lines_handle) = reload::Layer::new(lines(logging.format));
    let (filter, filter_handle) = reload::Layer::new(filter(&logging.level));
    if tracing_subscriber::registry().with(lines).with(filter).try_init().is_ok() {
        let _set_once = HANDLES.set(Handles { lines: lines_handle, filter: filter_handle });
    }
}

/// Changes the log that was started; without one, nothing.
pub fn change(logging: &Logging) {
    if let Some(handles) = HANDLES.get() {
        // They fail only when the log itself is gone.
        let _gone = handles.lines.reload(lines(logging.format));
        let _gone = handles.filter.reload(filter(&logging.level));
    }
}

fn filter(level: &str) -> EnvFilter {
    EnvFilter::try_from_env("DROPINS_LOG")
        .or_else(|_| EnvFilter::try_new(level))
        .unwrap_or_else(|_| EnvFilter::new("info"))
}

fn lines(format: LogFormat) -> Lines {
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        // Without spans: those that began under the other form have no JSON to show.
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        LogFormat::Human => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            lines.with_ansi(color).boxed()
        }
    }
}
