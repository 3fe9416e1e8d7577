//! Waits for work until a time.
//!
//! Work that is done at once costs no timer. A timer is boxed: in the future itself it would align that, and every future
//! around it, to 128 bytes, and each of their allocations would take the allocator's slow path.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep_until};

/// What the work answers, if it does until then.
pub(crate) async fn until<T>(end: Instant, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    // The time ends the work also if that has used up what tokio lets a task do at once.
    let mut timer: Option<Pin<Box<Unconstrained<Sleep>>>> = None;
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => {
            let timer = timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(end))));
            timer.as_mut().poll(context).map(|()| None)
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn in_seconds(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_done_in_time_answers() {
        assert_eq!(until(in_seconds(0), async { 1 }).await, Some(1), "at once, whatever the time");
        let later = async {
            sleep_until(in_seconds(1)).await;
            2
        };
        assert_eq!(until(in_seconds(2), later).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_is_not_done_in_time_is_given_up_then() {
        let begun = Instant::now();
        assert_eq!(until(in_seconds(2), std::future::pending::<()>()).await, None);
        assert_eq!(begun.elapsed().as_secs(), 2);
    }

    #[tokio::test]
    async fn a_future_around_it_is_not_aligned_like_a_timer() {
        let waiting = until(in_seconds(1), async { 1 });
        assert!(align_of_val(&waiting) <= 16, "{}", align_of_val(&waiting));
        assert_eq!(waiting.await, Some(1));
    }
}
