//! Accepts the connections that [`Connections`] admits, and watches them until they end.

use std::io;
use std::sync::Arc;

use axum::Extension;
use axum::extract::Request;
use axum::middleware::{AddExtension, Next};
use axum::response::Response;
use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tower_layer::Layer as _;

use super::connections::{Connections, Lease};
use super::watched::Watched;

/// Closes a connection that is not admitted.
#[derive(Clone)]
pub(super) struct Admitted<A> {
    pub(super) inner: A,
    pub(super) connections: Arc<Connections>,
}

impl<A, S> Accept<TcpStream, S> for Admitted<A>
where
    A: Accept<TcpStream, S> + Clone + Send + Sync + 'static,
    A::Stream: Send,
    A::Service: Send,
    A::Future: Send,
    S: Send + 'static,
{
    type Stream = Watched<A::Stream>;
    /// The service lives as long as its connection, and so does the lease that it carries.
    type Service = AddExtension<A::Service, Arc<Lease>>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { inner, connections } = self.clone();
        Box::pin(async move {
            let lease = connections.admit(stream.peer_addr()?.ip()).map_err(io::Error::other)?;
            // Small answers must not wait for an acknowledgement.
            stream.set_nodelay(true)?;
            let (stream, service) = inner.accept(stream, service).await?;
            let stream = Watched::new(stream, connections.limits(), Arc::clone(&lease.activity));
            Ok((stream, Extension(Arc::new(lease)).layer(service)))
        })
    }
}

/// Notes that a request runs on its connection.
pub(super) async fn in_flight(Extension(lease): Extension<Arc<Lease>>, request: Request, next: Next) -> Response {
    let _running = lease.activity.begin();
    next.run(request).await
}
