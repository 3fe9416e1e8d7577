//! `[logging]`.

use std::path::PathBuf;

use crate::schema::settings::Section;

/// `[logging]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Form of a line.
    pub format: LogFormat,
    /// Least severe level shown: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// The file; standard error without it.
    pub file: Option<LogFile>,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// A log file, or the files of several days or hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Relative to the home.
    pub path: PathBuf,
    /// When a new file begins.
    pub rotate: Rotate,
    /// Old files that are kept.
    pub keep: usize,
}

/// When a new log file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// Each day.
    Daily,
    /// Each hour.
    Hourly,
    /// Never.
    Never,
}

impl Logging {
    pub(crate) fn read(settings: &Section) -> Self {
        let format = match settings.text("logging.format").as_deref() {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Human,
        };
        let rotate = match settings.text("logging.rotate").as_deref() {
            Some("hourly") => Rotate::Hourly,
            Some("never") => Rotate::Never,
            _ => Rotate::Daily,
        };
        let file = settings.text("logging.file").map(PathBuf::from);
        let file = file.map(|path| LogFile { path, rotate, keep: settings.number("logging.keep") });
        Self { format, level: settings.text("logging.level").unwrap_or_default(), file }
    }
}
