//! The spans of a request: `request`, and in it `claim`, `authenticate`, `settle` and `sign`.
//!
//! Rooms below make their spans with the target [`TARGET`]; without traces such a span costs a comparison. A trace that a
//! caller began goes on (W3C Trace Context). Attributes are names, statuses and reference ids; no text of a client.

use std::time::Duration;

use dropins_config::Telemetry;
use http::HeaderMap;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use super::collector::{Collector, CollectorError};

/// The target of spans that are traces and no part of the log.
pub const TARGET: &str = "dropins_trace";

/// What the export of the last spans may take at the end.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// The traces of a process, exported in the background.
pub struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to export; call it on a runtime.
    ///
    /// # Errors
    /// [`CollectorError`] when the endpoint is no URL or the system's roots cannot be used.
    pub fn start(telemetry: &Telemetry) -> Result<Self, CollectorError> {
        let collector = Collector::new(telemetry.endpoint.as_str())?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(collector.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(collector.url("traces"))
            .build();
        let wrong = |error: &dyn std::fmt::Display| CollectorError {
            endpoint: telemetry.endpoint.as_str().to_owned(),
            reason: error.to_string(),
        };
        let exporter = exporter.map_err(|error| wrong(&error))?;
        let share = f64::from(telemetry.sample_percent) / 100.0;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share))))
            .with_resource(Resource::builder().with_service_name(telemetry.service_name.clone()).build())
            .build();
        Ok(Self(provider))
    }

    /// The layer that turns spans of [`TARGET`] into traces.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
    {
        let layer = tracing_opentelemetry::layer().with_tracer(self.0.tracer("dropins"));
        let layer = layer.with_location(false).with_threads(false).with_tracked_inactivity(false);
        layer.with_filter(filter_fn(|metadata| metadata.is_span() && metadata.target() == TARGET))
    }

    /// Exports what is left. Blocks.
    pub fn stop(self) {
        if let Err(error) = self.0.shutdown_with_timeout(LAST_EXPORT) {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

/// The span of a request for an endpoint (`route` is its path as configured), in the trace that its caller began.
pub fn incoming(method: &http::Method, route: &str, headers: &HeaderMap) -> Span {
    let span = tracing::info_span!(
        target: "dropins_trace",
        "request",
        otel.kind = "server",
        http.request.method = method.as_str(),
        http.route = route,
        http.response.status_code = tracing::field::Empty,
        dropins.reference = tracing::field::Empty,
        dropins.outcome = tracing::field::Empty,
    );
    if !span.is_disabled() {
        // It fails only for a span that has begun.
        let _begun = span.set_parent(TraceContextPropagator::new().extract(&Incoming(headers)));
    }
    span
}

/// Adds `traceparent` of the current span to a request that goes out; without a trace it stays as it is.
pub fn outgoing(headers: &mut HeaderMap) {
    let span = Span::current();
    if !span.is_disabled() {
        TraceContextPropagator::new().inject_context(&span.context(), &mut Outgoing(headers));
    }
}

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(key), http::HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
