//! Sends a request to an upstream over a kept connection, and says whether a byte of it may have arrived if it fails.
//!
//! Nothing is sent twice: a kept connection that was closed before it took the request is replaced, any other failure is
//! the end.

use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use crate::answer;
use crate::flow::{BoxError, Flow, TooLarge};
use crate::onward::Onward;

/// How long a connection is kept without a request: less than Node's 5 s, so that it is seldom closed by the other side
/// in the moment of a request.
const KEPT: Duration = Duration::from_secs(4);

/// Connections that are kept without a request.
const MAX_KEPT: usize = 256;

/// Why there is no answer. The texts are for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection could be made, so no byte of the request has arrived.
    #[error("it cannot be reached: {0}")]
    Unreached(String),
    /// The connection broke off; the request may have arrived.
    #[error("it broke off: {0}")]
    Broken(String),
    /// There was no answer in time; the request may have arrived.
    #[error("it did not answer within {0:?}")]
    TimedOut(Duration),
    /// The client's body was too large; a part of it may have arrived.
    #[error(transparent)]
    TooLarge(TooLarge),
}

/// Kept connections to one upstream.
pub(crate) struct Sender {
    http: Client<HttpsConnector<HttpConnector>, UnsyncBoxBody<Bytes, BoxError>>,
    read_timeout: Duration,
}

impl Sender {
    pub(crate) fn new(tls: ClientConfig, connection_timeout: Duration, read_timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(connection_timeout));
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions();
        let http = Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(KEPT)
            .pool_max_idle_per_host(MAX_KEPT)
            .http1_max_headers(128)
            .build(connector.wrap_connector(tcp));
        Self { http, read_timeout }
    }

    /// Sends a request and waits for the beginning of the answer; its body follows as it comes.
    pub(crate) async fn send(&self, request: Onward) -> Result<Response<UnsyncBoxBody<Bytes, BoxError>>, SendError> {
        let sent = tokio::time::timeout(self.read_timeout, self.http.request(request)).await;
        let sent = sent.map_err(|_| SendError::TimedOut(self.read_timeout))?;
        let (mut parts, body) = sent.map_err(|error| failure(&error))?.into_parts();
        answer::onward(&mut parts.headers);
        parts.extensions.clear();
        Ok(Response::from_parts(parts, Flow::new(body, None, self.read_timeout).boxed_unsync()))
    }
}

fn failure(error: &hyper_util::client::legacy::Error) -> SendError {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    if let Some(large) = causes.clone().find_map(|cause| cause.downcast_ref::<TooLarge>()) {
        return SendError::TooLarge(*large);
    }
    let text = causes.last().map_or_else(|| error.to_string(), ToString::to_string);
    if error.is_connect() { SendError::Unreached(text) } else { SendError::Broken(text) }
}
