//! `[logging]`.

use crate::schema::settings::Section;

/// `[logging]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logging {
    /// Form of a line.
    pub format: LogFormat,
    /// Least severe level shown: `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
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

impl Logging {
    pub(crate) fn read(settings: &Section) -> Self {
        let format = match settings.text("logging.format").as_deref() {
            Some("json") => LogFormat::Json,
            _ => LogFormat::Human,
        };
        Self { format, level: settings.text("logging.level").unwrap_or_default() }
    }
}
