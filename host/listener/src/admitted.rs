//! Accepts the connections that [`Connections`] admits, and watches them until they end.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use tokio::net::TcpStream;
use tower_service::Service;

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
    type Service = Leased<A::Service>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let Self { inner, connections } = self.clone();
        Box::pin(async move {
            let lease = connections.admit(stream.peer_addr()?.ip()).map_err(io::Error::other)?;
            // Small answers must not wait for an acknowledgement.
            stream.set_nodelay(true)?;
            let (stream, service) = inner.accept(stream, service).await?;
            let stream = Watched::new(stream, connections.limits(), Arc::clone(&lease.activity));
            Ok((stream, Leased { inner: service, lease: Arc::new(lease) }))
        })
    }
}

/// The service of one connection: it lives as long as that, and so does the lease. Notes the requests that run.
#[derive(Clone)]
pub(super) struct Leased<S> {
    inner: S,
    lease: Arc<Lease>,
}

impl<R, S: Service<R>> Service<R> for Leased<S>
where
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let running = self.lease.activity.begin();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let _running = running;
            answer.await
        })
    }
}
