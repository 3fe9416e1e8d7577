//! A body that is passed on as it comes, within a size and with a bound on how long it may stand still.
//!
//! Trailers stay behind: they belong to the connection.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

/// Why a body ends early.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body has more bytes than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is larger than {0} bytes")]
pub struct TooLarge(pub u64);

/// A body does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body stood still for {0:?}")]
struct StoodStill(Duration);

/// A body on its way.
pub struct Flow<B> {
    inner: B,
    limit: Option<u64>,
    passed: u64,
    idle: Duration,
    /// Since the body last went on; made when it first stands still.
    still: Option<Pin<Box<Sleep>>>,
}

impl<B> Flow<B> {
    /// Passes a body on, of at most `limit` bytes, as long as it does not stand still for `idle`.
    pub fn new(inner: B, limit: Option<u64>, idle: Duration) -> Self {
        Self { inner, limit, passed: 0, idle, still: None }
    }
}

impl<B> Body for Flow<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            match Pin::new(&mut self.inner).poll_frame(cx) {
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(Some(Ok(frame))) => {
                    self.still = None;
                    let Ok(data) = frame.into_data() else { continue };
                    self.passed = self.passed.saturating_add(data.remaining() as u64);
                    return Poll::Ready(Some(match self.limit {
                        Some(limit) if self.passed > limit => Err(TooLarge(limit).into()),
                        _ => Ok(Frame::data(data)),
                    }));
                }
                Poll::Pending => {
                    let idle = self.idle;
                    let still = self.still.get_or_insert_with(|| Box::pin(sleep(idle)));
                    return match still.as_mut().poll(cx) {
                        Poll::Ready(()) => Poll::Ready(Some(Err(StoodStill(idle).into()))),
                        Poll::Pending => Poll::Pending,
                    };
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt as _, Full};

    use super::*;

    #[tokio::test]
    async fn a_body_within_its_size_passes_and_a_larger_one_breaks_off() {
        let flow = |limit| Flow::new(Full::new(Bytes::from_static(b"12345")), limit, Duration::from_secs(1));
        assert_eq!(flow(Some(5)).collect().await.unwrap().to_bytes(), "12345");
        assert_eq!(flow(None).size_hint().exact(), Some(5));
        let error = flow(Some(4)).collect().await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&TooLarge(4)));
    }

    struct Silent;

    impl Body for Silent {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_breaks_off() {
        let error = Flow::new(Silent, None, Duration::from_secs(30)).collect().await.unwrap_err();
        assert_eq!(error.to_string(), "the body stood still for 30s");
    }
}
