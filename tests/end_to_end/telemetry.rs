//! Traces and metrics over OTLP, at a collector of the tests.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1::{metric, number_data_point};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::client::TestClient;
use crate::home::TestHome;
use crate::server::{Server, credential};
use crate::wait::until;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Keeps what it is sent, until the tests end.
#[derive(Clone, Default)]
struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    metrics: Arc<Mutex<BTreeMap<String, metric::Data>>>,
}

impl Collector {
    fn start() -> (Self, SocketAddr) {
        let (collector, listener) = (Self::default(), TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let address = listener.local_addr().unwrap();
        let kept = collector.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let collector = kept.clone();
                // The server hangs up when it ends.
                std::thread::spawn(move || collector.serve(connection?));
            }
        });
        (collector, address)
    }

    /// Takes messages of one connection.
    fn serve(&self, connection: TcpStream) -> std::io::Result<()> {
        let (mut reader, mut writer) = (BufReader::new(connection.try_clone()?), connection);
        loop {
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line)? == 0 {
                    return Ok(());
                }
                if line == "\r\n" {
                    break;
                }
                head.push(line.trim_end().to_ascii_lowercase());
            }
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")).unwrap().parse().unwrap();
            assert!(head.contains(&"content-type: application/x-protobuf".to_owned()), "{head:?}");
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            match head[0].split(' ').nth(1).unwrap() {
                "/v1/traces" => self.take_spans(&body),
                "/v1/metrics" => self.take_metrics(&body),
                other => panic!("{other}"),
            }
            writer
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")?;
        }
    }

    fn take_spans(&self, body: &[u8]) {
        for resource in ExportTraceServiceRequest::decode(body).unwrap().resource_spans {
            assert_eq!(text(&resource.resource.unwrap().attributes, "service.name"), "orders");
            self.spans.lock().unwrap().extend(resource.scope_spans.into_iter().flat_map(|scope| scope.spans));
        }
    }

    fn take_metrics(&self, body: &[u8]) {
        for resource in ExportMetricsServiceRequest::decode(body).unwrap().resource_metrics {
            assert_eq!(text(&resource.resource.unwrap().attributes, "service.name"), "orders");
            let metrics = resource.scope_metrics.into_iter().flat_map(|scope| scope.metrics);
            self.metrics.lock().unwrap().extend(metrics.map(|metric| (metric.name, metric.data.unwrap())));
        }
    }

    /// The spans of a trace that are called this.
    fn named(&self, name: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap();
        spans.iter().filter(|span| span.name == name && hex(&span.trace_id) == TRACE).cloned().collect()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(attributes: &[KeyValue], name: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.clone()?.value) {
        Some(any_value::Value::StringValue(text)) => text,
        Some(any_value::Value::IntValue(number)) => number.to_string(),
        other => panic!("{name}: {other:?}"),
    }
}

fn telemetry(home: &TestHome, collector: SocketAddr) {
    home.append(&format!(
        "[telemetry]\nendpoint = \"http://{collector}\"\nservice_name = \"orders\"\ninterval = \"1s\"\n"
    ));
}

#[test]
fn a_request_goes_on_in_the_trace_of_its_caller_and_a_collector_gets_its_steps() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let (collector, address) = Collector::start();
    telemetry(&home, address);
    let server = Server::start(&home);
    let assertion = client.mint();
    let request =
        || server.token_request(&credential(&assertion)).header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    assert_eq!(server.http().send(request()).status, 200);
    let replayed = server.http().send(request());
    let reference = replayed.reference();

    // The last spans are exported when the server ends.
    let (status, log) = server.end("TERM");
    assert_eq!(status, Some(0), "{log}");
    let requests = collector.named("request");
    let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
    for (span, status, outcome) in [(first, "200", "authenticated"), (second, "401", "rejected")] {
        assert_eq!(hex(&span.parent_span_id), CALLER);
        assert_eq!(text(&span.attributes, "http.request.method"), "POST");
        assert_eq!(text(&span.attributes, "http.route"), "/oauth2/token");
        assert_eq!(text(&span.attributes, "http.response.status_code"), status);
        assert_eq!(text(&span.attributes, "dropins.outcome"), outcome);
    }
    assert_eq!(text(&second.attributes, "dropins.reference"), reference, "it leads to `dropins explain`");
    for (step, parents) in
        [("authenticate", vec![first, second]), ("settle", vec![first, second]), ("sign", vec![first])]
    {
        let under: Vec<_> = collector.named(step).into_iter().map(|span| span.parent_span_id).collect();
        assert_eq!(under, parents.iter().map(|parent| parent.span_id.clone()).collect::<Vec<_>>(), "{step}");
    }
    let everything = format!("{:?}", collector.spans.lock().unwrap());
    assert!(!everything.contains(&assertion) && !log.contains("dropins_trace"), "{log}");
}

#[test]
fn a_trace_that_its_caller_does_not_record_is_not_recorded_here() {
    let home = TestHome::new();
    let (collector, address) = Collector::start();
    telemetry(&home, address);
    let server = Server::start(&home);
    let request =
        server.token_request(&[("grant_type", "none")]).header("traceparent", format!("00-{TRACE}-{CALLER}-00"));
    assert_eq!(server.http().send(request).status, 400);
    assert_eq!(server.post(&[("grant_type", "none")]).status, 400);
    server.end("TERM");
    let spans = collector.spans.lock().unwrap();
    assert!(spans.iter().all(|span| hex(&span.trace_id) != TRACE), "{spans:?}");
    assert_eq!(spans.iter().filter(|span| span.name == "request").count(), 1, "one that begins here is recorded");
}

#[test]
fn a_collector_gets_the_numbers_that_prometheus_sees() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    let (collector, address) = Collector::start();
    telemetry(&home, address);
    let server = Server::start(&home);
    assert_eq!(server.authenticate(&client.mint()).status, 200);
    until("the collector has the token", || {
        let metrics = collector.metrics.lock().unwrap();
        let metric::Data::Sum(tokens) = metrics.get("dropins_tokens")? else { panic!() };
        let value = tokens.data_points.first()?.value;
        (value == Some(number_data_point::Value::AsDouble(1.0))).then_some(())
    });
    let metrics = collector.metrics.lock().unwrap();
    let metric::Data::Histogram(seconds) = &metrics["dropins_authentication_seconds"] else { panic!() };
    assert_eq!(seconds.data_points[0].count, 1);
    let page = server.admin_get("/metrics").body;
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in families {
        let sampled =
            page.lines().any(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")));
        assert!(!sampled || metrics.contains_key(name), "{name}");
    }
}

#[test]
fn a_collector_that_is_down_costs_no_request_and_one_line() {
    let home = TestHome::new();
    let client = TestClient::register(&home, "app");
    telemetry(&home, crate::home::free_address());
    let server = Server::start(&home);
    server.logged("takes nothing, telemetry is dropped");
    for _ in 0..20 {
        assert_eq!(server.authenticate(&client.mint()).status, 200);
    }
    let (status, log) = server.end("TERM");
    assert_eq!((status, log.matches("telemetry is dropped").count()), (Some(0), 2), "metrics and traces each: {log}");
}

#[test]
fn an_endpoint_that_is_no_url_is_an_error_at_its_place() {
    let home = TestHome::new();
    home.append("[telemetry]\nendpoint = \"collector:4317\"\n");
    let checked = home.dropins(&["check"]);
    assert_eq!(checked.code, Some(1));
    let place = home.position("\"collector:4317\"");
    assert!(
        checked.stderr.contains(&place) && checked.stderr.contains("neither https: nor http:"),
        "{}",
        checked.stderr
    );
}
