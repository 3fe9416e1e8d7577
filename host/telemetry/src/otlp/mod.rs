//! Traces and metrics for a collector, over OTLP with HTTP and protobuf (OpenTelemetry Protocol 1.x).
//!
//! Off without `[telemetry] endpoint`; then no span is made. A collector that does not answer costs no request anything:
//! what does not fit the queue is dropped, and the log says so once until it answers again.

mod collector;
mod exposition;
mod metrics;
mod traces;

pub use collector::CollectorError;
pub use metrics::push;
pub use traces::{TARGET, Traces, incoming, outgoing};
