//! Listeners that a slow or silent client cannot exhaust, and that stop without losing a request.
//!
//! Time-outs cover the TLS handshake, the header section and idle connections; the number of connections is
//! bounded, and more of them wait in the kernel's queue.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, header};
use axum::middleware::{AddExtension, from_fn, map_response};
use axum::response::Response;
use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::accept::{Accept, DefaultAcceptor};
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::future::BoxFuture;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tower_layer::Layer as _;

use super::first_bytes::FirstBytes;
use super::host;

/// How long a client may take for its TLS handshake, and for a header section.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// Connections of one listener.
const MAX_CONNECTIONS: usize = 10_000;
/// Bytes of a header section.
const MAX_HEADER_BYTES: usize = 32 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Requests of one HTTP/2 connection at once.
const MAX_STREAMS: u32 = 128;

/// A bound address, not served yet.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{setting} = \"{address}\": {}", explain(.error))]
pub struct BindError {
    setting: &'static str,
    address: SocketAddr,
    error: io::Error,
}

fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use by another program; stop it or choose another port".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not use the port; choose one above 1023".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        _ => error.to_string(),
    }
}

impl Bound {
    /// Binds an address; `setting` names it in the error.
    ///
    /// # Errors
    /// [`BindError`] says what to do about it.
    pub fn new(setting: &'static str, address: SocketAddr) -> Result<Self, BindError> {
        let failed = |error| BindError { setting, address, error };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Binds this port of the loopback address, or another one when it cannot be had.
    ///
    /// # Errors
    /// [`BindError`] when no port can be had.
    pub fn near(setting: &'static str, port: u16) -> Result<Self, BindError> {
        let at = |port| Self::new(setting, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        at(port).or_else(|_| at(0))
    }

    /// The address, with the port that the system chose when none was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until the handle stops it.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(self, router: Router, tls: Option<RustlsConfig>, handle: Handle<SocketAddr>) -> io::Result<()> {
        let mut server = axum_server::from_tcp(self.listener)?.handle(handle);
        let http = server.http_builder();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEADER_BYTES)
            .max_headers(MAX_HEADERS);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(MAX_STREAMS)
            .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(Some(20))
            .keep_alive_interval(Some(Duration::from_secs(20)))
            .keep_alive_timeout(Duration::from_secs(10));
        let router = router.layer(from_fn(host::check));
        let router = if tls.is_some() { router.layer(map_response(strict_transport)) } else { router };
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let bounded = Bounded { permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)), inner: DefaultAcceptor::new() };
        match tls {
            Some(config) => {
                let tls = RustlsAcceptor::new(config).handshake_timeout(HEADER_TIMEOUT).acceptor(bounded);
                server.acceptor(FirstBytes { inner: tls, within: HEADER_TIMEOUT }).serve(service).await
            }
            None => server.acceptor(FirstBytes { inner: bounded, within: HEADER_TIMEOUT }).serve(service).await,
        }
    }
}

/// Keeps browsers on https (RFC 6797). Where a listener speaks https, the configuration has an https base path.
async fn strict_transport(mut response: Response) -> Response {
    let year = HeaderValue::from_static("max-age=31536000");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

/// Lets requests finish and refuses new connections.
pub fn stop(handle: &Handle<SocketAddr>) {
    handle.graceful_shutdown(Some(DRAIN));
}

/// Holds a connection back until another one has ended.
#[derive(Clone)]
struct Bounded<A> {
    permits: Arc<Semaphore>,
    inner: A,
}

impl<A, S> Accept<TcpStream, S> for Bounded<A>
where
    A: Accept<TcpStream, S, Stream = TcpStream> + Clone + Send + Sync + 'static,
    A::Service: Send,
    A::Future: Send,
    S: Send + 'static,
{
    type Stream = TcpStream;
    /// The service lives as long as its connection, and so does the permit that it carries.
    type Service = AddExtension<A::Service, Arc<OwnedSemaphorePermit>>;
    type Future = BoxFuture<'static, io::Result<(TcpStream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (permits, inner) = (Arc::clone(&self.permits), self.inner.clone());
        Box::pin(async move {
            let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
            // Small answers must not wait for an acknowledgement.
            stream.set_nodelay(true)?;
            let (stream, service) = inner.accept(stream, service).await?;
            Ok((stream, Extension(Arc::new(permit)).layer(service)))
        })
    }
}
