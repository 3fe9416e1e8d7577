//! A connection must say something in time.
//!
//! HTTP/1 or HTTP/2 is told from the first bytes, before any time-out of either applies: without this, a client that
//! connects and stays silent would hold its connection forever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// What an HTTP/2 connection begins with (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Accepts connections that must say what they are within a time.
#[derive(Clone)]
pub(super) struct FirstBytes<A> {
    pub(super) inner: A,
    pub(super) within: Duration,
}

impl<A, S> Accept<TcpStream, S> for FirstBytes<A>
where
    A: Accept<TcpStream, S> + Clone + Send + 'static,
    A::Stream: Send,
    A::Service: Send,
    A::Future: Send,
    S: Send + 'static,
{
    type Stream = Expected<A::Stream>;
    type Service = A::Service;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let (accepted, within) = (self.inner.accept(stream, service), self.within);
        Box::pin(async move {
            let (inner, service) = accepted.await?;
            Ok((Expected { inner, preface: HTTP2_PREFACE, until: Some(Box::pin(sleep(within))) }, service))
        })
    }
}

/// A stream whose first bytes are waited for no longer than until then.
pub(super) struct Expected<S> {
    inner: S,
    /// What is left of the preface that the bytes so far begin with.
    preface: &'static [u8],
    until: Option<Pin<Box<Sleep>>>,
}

impl<S> Expected<S> {
    /// Stops the clock once the bytes tell the version.
    fn said(&mut self, bytes: &[u8]) {
        let same = bytes.iter().zip(self.preface).take_while(|(one, other)| one == other).count();
        self.preface = self.preface.get(same..).unwrap_or_default();
        if same < bytes.len() || self.preface.is_empty() {
            self.until = None;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Expected<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if let Poll::Ready(read) = Pin::new(&mut self.inner).poll_read(context, buffer) {
            self.said(buffer.filled().get(before..).unwrap_or_default());
            return Poll::Ready(read);
        }
        let Some(until) = &mut self.until else { return Poll::Pending };
        ready!(until.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Expected<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    fn expected<S>(inner: S) -> Expected<S> {
        Expected { inner, preface: HTTP2_PREFACE, until: Some(Box::pin(sleep(Duration::from_secs(5)))) }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_is_cut_off_even_in_the_middle_of_a_preface() {
        for said in [&b""[..], b"PRI * HT"] {
            let (mut client, server) = duplex(64);
            client.write_all(said).await.unwrap();
            let mut bytes = Vec::new();
            let error = expected(server).read_to_end(&mut bytes).await.unwrap_err();
            assert_eq!((error.kind(), bytes.as_slice()), (io::ErrorKind::TimedOut, said));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_said_what_it_is_has_other_time_outs() {
        for said in [&b"POST /oau"[..], HTTP2_PREFACE] {
            let (mut client, server) = duplex(64);
            client.write_all(said).await.unwrap();
            let mut server = expected(server);
            server.read_exact(&mut vec![0; said.len()]).await.unwrap();
            let silent = tokio::time::timeout(Duration::from_secs(60), server.read_u8()).await;
            assert!(silent.is_err(), "nothing cuts it off here");
        }
    }
}
