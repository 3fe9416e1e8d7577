//! A stream that ends when its client does nothing for too long.
//!
//! Two clocks: one for a connection without a request (HTTP/2 knows no such limit while the client answers pings), one
//! for an answer that the client does not read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::activity::Activity;
use super::connections::Limits;

/// A watched stream.
pub(super) struct Watched<S> {
    inner: S,
    limits: Limits,
    activity: Arc<Activity>,
    idle: Pin<Box<Sleep>>,
    /// Runs while a write, a flush or the end of the connection waits for the client.
    unread: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    pub(super) fn new(inner: S, limits: Limits, activity: Arc<Activity>) -> Self {
        let idle = Box::pin(sleep_until(activity.idle_at(limits.idle)));
        Self { inner, limits, activity, idle, unread: None }
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.idle.as_mut().poll(context));
            let idle_at = self.activity.idle_at(self.limits.idle);
            if idle_at <= Instant::now() {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.idle.as_mut().reset(idle_at);
        }
    }

    /// What the stream says, unless it has been waiting for too long.
    fn in_time<T>(&mut self, context: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.unread = None;
            return polled;
        }
        let limit = self.limits.unread;
        ready!(self.unread.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.inner).poll_read(context, buffer) {
            Poll::Pending => self.poll_idle(context).map(Err),
            read => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.in_time(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.in_time(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_flush(context);
        self.in_time(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.inner).poll_shutdown(context);
        self.in_time(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    fn limits() -> Limits {
        Limits { idle: Duration::from_secs(60), unread: Duration::from_secs(30), ..Limits::of_admin() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_a_request_ends_whatever_it_sends() {
        let (mut client, server) = duplex(64);
        let mut server = Watched::new(server, limits(), Arc::default());
        let began = Instant::now();
        let error = loop {
            client.write_all(b"pong").await.unwrap();
            match server.read_exact(&mut [0; 8]).await {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 60));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_runs_keeps_its_connection_and_the_clock_starts_when_it_ends() {
        let (_client, server) = duplex(64);
        let activity = Arc::<Activity>::default();
        let mut server = Watched::new(server, limits(), Arc::clone(&activity));
        let running = activity.begin();
        let read = tokio::time::timeout(Duration::from_secs(200), server.read_u8()).await;
        assert!(read.is_err(), "it is still open");
        drop(running);
        let ended = Instant::now();
        assert_eq!(server.read_u8().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(ended.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_ends_the_connection_and_a_slow_reader_does_not() {
        let (mut client, server) = duplex(4);
        let mut server = Watched::new(server, limits(), Arc::default());
        let slow = async {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_secs(29)).await;
                client.read_exact(&mut [0; 4]).await.unwrap();
            }
        };
        let (written, ()) = tokio::join!(server.write_all(&[0; 12]), slow);
        written.unwrap();
        let began = Instant::now();
        let error = server.write_all(&[0; 4]).await.unwrap_err();
        assert_eq!((error.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, 30));
    }
}
