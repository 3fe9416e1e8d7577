//! The process's background thread: building, tearing down.

use std::sync::LazyLock;

use tokio::sync::oneshot;

use crate::run::worker::{Panicked, Worker};

/// Runs blocking work in the background, whether or not the caller awaits the result. Work that is asked for on the
/// background thread itself runs at once.
///
/// # Errors
/// [`Panicked`] with the text of a panic.
pub fn background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Panicked>> + Send {
    static WORKER: LazyLock<Worker> = LazyLock::new(|| Worker::start("dropins-background"));
    let (done, result) = oneshot::channel();
    // The caller may not be waiting.
    WORKER.run(work, |outcome| drop(done.send(outcome)));
    async { result.await.unwrap_or_else(|gone| Err(Panicked(gone.to_string()))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_one_by_one_and_a_panic_is_an_error() {
        let panicked: Result<(), _> = background(|| panic!("as intended")).await;
        assert_eq!(panicked, Err(Panicked("as intended".to_owned())));
        let thread = || std::thread::current().id();
        let (one, other) = (background(thread).await.unwrap(), background(thread).await.unwrap());
        assert!(one == other && one != thread());
    }

    #[tokio::test]
    async fn work_of_work_does_not_wait_for_its_turn() {
        let runtime = tokio::runtime::Handle::current();
        let nested = background(move || runtime.block_on(background(|| 1)));
        assert_eq!(nested.await.unwrap(), Ok(1));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_thread_is_nice_and_others_are_not() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let (ours, theirs) = (priority(), background(priority).await.unwrap());
        assert_eq!(theirs, ours.max(10));
    }
}
