//! Logs on standard error, for people or as JSON lines.
//!
//! `DROPINS_LOG` overrides the configured level, in the syntax of tracing's `EnvFilter`.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use crate::config::{LogFormat, Logging};

/// Starts logging for the rest of the process; a second call changes nothing.
pub fn start(logging: &Logging) {
    let filter = EnvFilter::try_from_env("DROPINS_LOG")
        .or_else(|_| EnvFilter::try_new(&logging.level))
        .unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _already_started = match logging.format {
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
        LogFormat::Human => {
            let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            subscriber.with_ansi(color).try_init()
        }
    };
}
