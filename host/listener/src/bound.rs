//! Listeners that a slow or silent client cannot exhaust, and that stop without losing a request.
//!
//! Time-outs cover the TLS handshake, the header section, idle connections and answers that the client does not read;
//! [`Connections`] bounds how many connections there are.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum_server::Handle;
use axum_server::accept::DefaultAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use futures_util::future::BoxFuture;
use hyper_util::rt::TokioTimer;

use super::admitted::Admitted;
use super::connections::Connections;
use super::first_bytes::FirstBytes;

/// How long a client may take for its TLS handshake, and for a header section.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long requests may take to finish when the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// Bytes of a header section.
const MAX_HEADER_BYTES: usize = 32 << 10;
/// Headers of a request.
const MAX_HEADERS: usize = 64;
/// Requests of one HTTP/2 connection at once: each may hold a body in memory until the rest of it has come.
const MAX_STREAMS: u32 = 16;

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
        TcpListener::bind(address).and_then(Self::of).map_err(failed)
    }

    /// A socket that listens already.
    pub(super) fn of(listener: TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
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
    pub fn serve(
        self,
        router: Router,
        tls: Option<RustlsConfig>,
        connections: Arc<Connections>,
        handle: Handle<SocketAddr>,
    ) -> BoxFuture<'static, io::Result<()>> {
        Box::pin(async move {
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
            let router = if tls.is_some() { router.layer(map_response(strict_transport)) } else { router };
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            match tls {
                Some(config) => {
                    let inner = RustlsAcceptor::new(config).handshake_timeout(HEADER_TIMEOUT);
                    let inner = Admitted { inner, connections };
                    server.acceptor(FirstBytes { inner, within: HEADER_TIMEOUT }).serve(service).await
                }
                None => {
                    let inner = Admitted { inner: DefaultAcceptor::new(), connections };
                    server.acceptor(FirstBytes { inner, within: HEADER_TIMEOUT }).serve(service).await
                }
            }
        })
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

#[cfg(test)]
mod tests;
