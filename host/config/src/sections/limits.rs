//! `[limits]`: what one plug-in call may use.

use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::positive::positive;
use dropins_database::TIMEOUT;
use dropins_services::Limits;

/// The limits of plug-ins; the host's own default where the file says nothing.
pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Limits {
    let size = |path| usize::try_from(settings.size(path)).unwrap_or(usize::MAX);
    let concurrent_calls = settings.integer("limits.concurrent_calls").and_then(|calls| usize::try_from(calls).ok());
    Limits {
        memory: size("limits.memory"),
        stack: size("limits.stack"),
        call_deadline: positive(settings, "limits.call_deadline", findings),
        load_deadline: positive(settings, "limits.config_deadline", findings),
        call_wall_limit: wall_limit(settings, findings),
        service_calls: settings.number("limits.service_calls"),
        host_copy: size("limits.host_copy"),
        handles: settings.number("limits.handles"),
        component_size: settings.size("limits.component_size"),
        import_calls: settings.number("limits.import_calls"),
        compile_deadline: positive(settings, "limits.compile_deadline", findings),
        log_lines: settings.number("limits.log_lines"),
        log_bytes: size("limits.log_bytes"),
        concurrent_calls: concurrent_calls.unwrap_or(Limits::default().concurrent_calls),
    }
}

/// A plug-in asks the database three times and a JWKS URI once. If the limit is set, it must exceed one slow answer. If
/// it is not, it is derived from the JWKS time-out.
fn wall_limit(settings: &Section, findings: &mut Findings) -> Duration {
    let path = "limits.call_wall_limit";
    let fetch = settings.duration("oauth.jwks_endpoint.read_timeout");
    let limit = positive(settings, path, findings);
    if !settings.has(path) {
        return limit.max(fetch.saturating_add(TIMEOUT.saturating_mul(3) + Duration::from_secs(1)));
    }
    let slowest = fetch.saturating_add(TIMEOUT);
    if !limit.is_zero() && limit <= slowest {
        let message = format!(
            "`{path}` is longer than {slowest:?}, the time that a client's keys may take: \
             `oauth.jwks_endpoint.read_timeout` and {:?} for the database",
            TIMEOUT
        );
        findings.problem(Problem::new(Code::Conflict, settings.span(path), path, message));
    }
    limit
}
