//! Sends the counters to the collector at intervals, cumulative since the start of the server.

use dropins_config::Telemetry;
use opentelemetry_http::{Bytes, Request};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;
use tokio::time::MissedTickBehavior;

use super::collector::{Collector, CollectorError};
use super::exposition::{Family, Kind, Sample, families};
use dropins_services::Clock;

const NANOSECONDS: u64 = 1_000_000_000;

/// Sends what `page` says now, every interval, until it is dropped. `started_at` is in seconds since the Unix epoch.
///
/// # Errors
/// [`CollectorError`] before the first interval.
pub async fn push<P: Future<Output = String> + Send>(
    telemetry: &Telemetry,
    clock: &dyn Clock,
    started_at: u64,
    page: impl Fn() -> P + Send + Sync,
) -> Result<(), CollectorError> {
    let collector = Collector::new(telemetry.endpoint.as_str())?;
    let url = collector.url("metrics");
    let mut ticks = tokio::time::interval(telemetry.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let times = Times { start: nanoseconds(started_at), now: nanoseconds(clock.now_seconds()) };
        let message = message(&telemetry.service_name, times, families(&page().await)).encode_to_vec();
        let request = Request::post(&url).header("content-type", "application/x-protobuf");
        if let Ok(request) = request.body(Bytes::from(message)) {
            // The collector's log line says what went wrong; the next interval has the sums.
            let _dropped = collector.send(request).await;
        }
    }
}

fn nanoseconds(seconds: u64) -> u64 {
    seconds.saturating_mul(NANOSECONDS)
}

/// When counting began, and when it was looked at; nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
struct Times {
    start: u64,
    now: u64,
}

fn message(service: &str, times: Times, families: Vec<Family>) -> ExportMetricsServiceRequest {
    let metrics = families.into_iter().map(|family| metric(times, family)).collect();
    let scope = InstrumentationScope { name: "dropins".to_owned(), ..InstrumentationScope::default() };
    let attributes = vec![attribute("service.name", service)];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(Resource { attributes, ..Resource::default() }),
            scope_metrics: vec![ScopeMetrics { scope: Some(scope), metrics, ..ScopeMetrics::default() }],
            ..ResourceMetrics::default()
        }],
    }
}

fn metric(times: Times, family: Family) -> Metric {
    let Family { name, help, kind, samples } = family;
    let cumulative = i32::from(AggregationTemporality::Cumulative as u8);
    let data = match kind {
        Kind::Gauge => metric::Data::Gauge(Gauge { data_points: numbers(times, &samples) }),
        Kind::Counter => metric::Data::Sum(Sum {
            data_points: numbers(times, &samples),
            aggregation_temporality: cumulative,
            is_monotonic: true,
        }),
        Kind::Histogram => metric::Data::Histogram(Histogram {
            data_points: histograms(times, &samples),
            aggregation_temporality: cumulative,
        }),
    };
    Metric { name, description: help, data: Some(data), ..Metric::default() }
}

fn numbers(times: Times, samples: &[Sample]) -> Vec<NumberDataPoint> {
    let point = |sample: &Sample| NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: times.start,
        time_unix_nano: times.now,
        value: Some(number_data_point::Value::AsDouble(sample.value)),
        ..NumberDataPoint::default()
    };
    samples.iter().map(point).collect()
}

/// A point for each set of labels. The page counts a bucket and all below it, OTLP each for itself.
fn histograms(times: Times, samples: &[Sample]) -> Vec<HistogramDataPoint> {
    let mut points: Vec<HistogramDataPoint> = Vec::new();
    let mut below = 0;
    for sample in samples {
        let (bounds, labels): (Vec<_>, Vec<_>) = sample.labels.iter().cloned().partition(|(name, _)| name == "le");
        let attributes = attributes(&labels);
        if points.last().is_none_or(|last| last.attributes != attributes) {
            below = 0;
            let (start_time_unix_nano, time_unix_nano) = (times.start, times.now);
            points.push(HistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                ..HistogramDataPoint::default()
            });
        }
        let Some(point) = points.last_mut() else { continue };
        match sample.suffix.as_str() {
            "_sum" => point.sum = Some(sample.value),
            "_count" => point.count = count(sample.value),
            "_bucket" => {
                let bound = bounds.first().and_then(|(_, bound)| bound.parse::<f64>().ok());
                point.explicit_bounds.extend(bound.filter(|bound| bound.is_finite()));
                let counted = count(sample.value);
                point.bucket_counts.push(counted.saturating_sub(below));
                below = counted;
            }
            _ => {}
        }
    }
    points
}

/// A count, which the page writes as a whole number.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast saturates; counts are small")]
fn count(value: f64) -> u64 {
    value as u64
}

fn attributes(labels: &[(String, String)]) -> Vec<KeyValue> {
    labels.iter().map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: name.to_owned(), value: Some(value), ..KeyValue::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMES: Times = Times { start: 1, now: 2 };

    fn one(page: &str) -> metric::Data {
        metric(TIMES, families(page).remove(0)).data.unwrap()
    }

    #[test]
    fn a_counter_is_a_cumulative_sum() {
        let metric::Data::Sum(sum) = one("# TYPE a counter\na_total{x=\"1\"} 3\na_total{x=\"2\"} 4\n") else {
            panic!()
        };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        let values: Vec<_> = sum.data_points.iter().map(|point| point.value).collect();
        assert_eq!(values, [3.0, 4.0].map(|value| Some(number_data_point::Value::AsDouble(value))));
        assert_eq!((sum.data_points[0].start_time_unix_nano, sum.data_points[0].time_unix_nano), (1, 2));
    }

    #[test]
    fn a_histogram_counts_each_bucket_for_itself() {
        let page = "# TYPE a histogram\n\
            a_sum{p=\"x\"} 5.5\na_count{p=\"x\"} 4\na_bucket{le=\"1.0\",p=\"x\"} 1\na_bucket{le=\"2.0\",p=\"x\"} 3\n\
            a_bucket{le=\"+Inf\",p=\"x\"} 4\na_sum{p=\"y\"} 0.5\na_count{p=\"y\"} 1\na_bucket{le=\"1.0\",p=\"y\"} 1\n\
            a_bucket{le=\"2.0\",p=\"y\"} 1\na_bucket{le=\"+Inf\",p=\"y\"} 1\n";
        let metric::Data::Histogram(histogram) = one(page) else { panic!() };
        let [x, y] = histogram.data_points.as_slice() else { panic!("{histogram:?}") };
        assert_eq!(
            (x.count, x.sum, &x.bucket_counts[..], &x.explicit_bounds[..]),
            (4, Some(5.5), &[1, 2, 1][..], &[1.0, 2.0][..])
        );
        assert_eq!((y.count, &y.bucket_counts[..]), (1, &[1, 0, 0][..]));
    }
}
