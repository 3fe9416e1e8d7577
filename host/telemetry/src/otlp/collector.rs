//! The HTTP connection to the collector.
//!
//! Redirects are not followed and proxies of the environment are not asked. The log names an outage once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use rustls::{ClientConfig, RootCertStore};
use tokio::runtime::Handle;

/// A collector that takes longer is busy.
const TIME_OUT: Duration = Duration::from_secs(10);

/// No connection to the collector can be prepared.
#[derive(Debug, thiserror::Error)]
#[error("[telemetry] endpoint {endpoint}: {reason}")]
pub struct CollectorError {
    /// The configured endpoint.
    pub endpoint: String,
    /// What is wrong with it or with the system's roots.
    pub reason: String,
}

/// The collector of a process.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    endpoint: Arc<str>,
    http: reqwest::Client,
    /// Exports begin on a thread of the library, which has no reactor.
    runtime: Handle,
    is_down: Arc<AtomicBool>,
}

impl Collector {
    /// Prepares the connection; call it on a runtime.
    pub(super) fn new(endpoint: &str) -> Result<Self, CollectorError> {
        let wrong = |reason: String| CollectorError { endpoint: endpoint.to_owned(), reason };
        let tls = tls().map_err(|error| wrong(error.to_string()))?;
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIME_OUT)
            .user_agent(concat!("dropins/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| wrong(error.to_string()))?;
        Ok(Self { endpoint: endpoint.into(), http, runtime: Handle::current(), is_down: Arc::default() })
    }

    /// The URL of a signal: `traces` or `metrics` (OTLP/HTTP request).
    pub(super) fn url(&self, signal: &str) -> String {
        format!("{}/v1/{signal}", self.endpoint)
    }

    /// Sends one message.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.exchange(request).await;
        let problem = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(answer.status().to_string()),
            Err(error) => Some(error.to_string()),
        };
        match problem {
            None if self.is_down.swap(false, Ordering::Relaxed) => {
                tracing::info!("the collector {} answers again", self.endpoint);
            }
            Some(problem) if !self.is_down.swap(true, Ordering::Relaxed) => {
                tracing::warn!("the collector {} takes nothing, telemetry is dropped: {problem}", self.endpoint);
            }
            _ => {}
        }
        answer
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.http.execute(request.try_into()?).await?;
        let mut response = Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            response = response.header(name, value);
        }
        Ok(response.body(answer.bytes().await?)?)
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let collector = self.clone();
        self.runtime.spawn(async move { collector.send(request).await }).await?
    }
}

fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
