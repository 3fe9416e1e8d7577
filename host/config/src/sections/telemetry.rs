//! `[telemetry]`: where traces and metrics are sent over OTLP. Without an endpoint, nowhere.

use std::time::Duration;

use crate::language::problem::{Code, Findings, Problem};
use crate::schema::settings::Section;
use crate::sections::positive::positive;
use crate::sections::url::BaseUrl;

const ENDPOINT: &str = "telemetry.endpoint";

/// `[telemetry]` with an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telemetry {
    /// Base URL of the collector, OTLP over HTTP: `http://127.0.0.1:4318`; `/v1/traces` and `/v1/metrics` follow.
    pub endpoint: BaseUrl,
    /// `service.name` of the resource.
    pub service_name: String,
    /// Of a hundred traces that begin here, how many are recorded; one that a caller began follows the caller's word.
    pub sample_percent: u8,
    /// Time between two exports of metrics.
    pub interval: Duration,
}

impl Telemetry {
    pub(crate) fn read(settings: &Section, findings: &mut Findings) -> Option<Self> {
        let endpoint = match BaseUrl::parse(&settings.text(ENDPOINT)?) {
            Ok(endpoint) => endpoint,
            Err(fault) => {
                let message = format!("`{ENDPOINT}` {fault}");
                let problem = Problem::new(Code::BadValue, settings.span(ENDPOINT), ENDPOINT, message);
                findings.problem(problem.help("a collector is a URL like \"http://127.0.0.1:4318\""));
                return None;
            }
        };
        Some(Self {
            endpoint,
            service_name: settings.text("telemetry.service_name").unwrap_or_default(),
            sample_percent: settings.number("telemetry.sample_percent"),
            interval: positive(settings, "telemetry.interval", findings),
        })
    }
}
