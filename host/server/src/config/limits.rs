//! `[limits]` and `[logging]`.

use std::time::Duration;

use super::oauth::positive;
use super::problem::{Code, Findings, Problem};
use super::settings::Section;
use crate::database;

/// What one plug-in call may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory of one instance, bytes.
    pub memory: u64,
    /// Stack of one call, bytes.
    pub stack: u64,
    /// Time for one call.
    pub call_deadline: Duration,
    /// Time for `describe` and `check-config`.
    pub config_deadline: Duration,
    /// Time for one request inside one plug-in, waiting for the database and for JWKS URIs included.
    pub call_wall_limit: Duration,
    /// Calls to the client directory, the key source and the replay store for one request.
    pub service_calls: u32,
    /// Bytes copied between host and plug-in in one call.
    pub host_copy: u64,
    /// Resource handles of one call.
    pub handles: u32,
    /// Size of a component file, bytes.
    pub component_size: u64,
    /// Log lines of one call.
    pub log_lines: u32,
    /// Log bytes of one call.
    pub log_bytes: u64,
    /// Calls at once; without it, 2 x cores x 64.
    pub concurrent_calls: Option<u32>,
}

impl Limits {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Self {
        Self {
            memory: settings.size("limits.memory"),
            stack: settings.size("limits.stack"),
            call_deadline: positive(settings, "limits.call_deadline", findings),
            config_deadline: positive(settings, "limits.config_deadline", findings),
            call_wall_limit: wall_limit(settings, findings),
            service_calls: settings.number("limits.service_calls"),
            host_copy: settings.size("limits.host_copy"),
            handles: settings.number("limits.handles"),
            component_size: settings.size("limits.component_size"),
            log_lines: settings.number("limits.log_lines"),
            log_bytes: settings.size("limits.log_bytes"),
            concurrent_calls: settings.integer("limits.concurrent_calls").and_then(|calls| u32::try_from(calls).ok()),
        }
    }
}

/// An honest plug-in asks the database three times and a JWKS URI once. Who sets the limit may have less patience, but
/// not so little that one slow answer is never waited for; who does not, has as much as the JWKS URI makes necessary.
fn wall_limit(settings: &Section, findings: &mut Findings) -> Duration {
    let path = "limits.call_wall_limit";
    let fetch = settings.duration("oauth.jwks_endpoint.read_timeout");
    let limit = positive(settings, path, findings);
    if !settings.has(path) {
        return limit.max(fetch.saturating_add(database::TIMEOUT.saturating_mul(3) + Duration::from_secs(1)));
    }
    let slowest = fetch.saturating_add(database::TIMEOUT);
    if !limit.is_zero() && limit <= slowest {
        let message = format!(
            "`{path}` is longer than {slowest:?}, the time that a client's keys may take: \
             `oauth.jwks_endpoint.read_timeout` and {:?} for the database",
            database::TIMEOUT
        );
        findings.problem(Problem::new(Code::Conflict, settings.span(path), path, message));
    }
    limit
}

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
