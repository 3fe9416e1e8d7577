//! The thread for work that no request waits for: compiling, building, tearing down.
//!
//! One job runs at a time, and on Linux at a low priority, so requests go first. It is always the same thread, so the
//! heap that a job frees is there for the next one.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SendError, Sender, channel};

use tokio::sync::oneshot;

/// From 0 to 19. At 10, a tenth of the share of a thread that serves requests, if both want to run.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// Whether this is the background thread.
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// The work ended in a panic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(pub String);

/// Runs blocking work in the background, whether or not the caller awaits the result. Work that is asked for on the
/// background thread itself runs at once.
///
/// # Errors
/// [`Panicked`] with the text of a panic.
pub fn background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, Panicked>> + Send {
    static QUEUE: LazyLock<Sender<Job>> = LazyLock::new(start);
    let (done, result) = oneshot::channel();
    let job: Job = Box::new(move || {
        // The caller may not be waiting.
        let _unheard = done.send(catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Panicked(text(&*panic))));
    });
    if HERE.get() {
        job();
    } else if let Err(SendError(job)) = QUEUE.send(job) {
        // There is no thread.
        job();
    }
    async { result.await.unwrap_or_else(|gone| Err(Panicked(gone.to_string()))) }
}

fn start() -> Sender<Job> {
    let (queue, jobs) = channel();
    let started = std::thread::Builder::new().name("dropins-background".to_owned()).spawn(|| run(jobs));
    if let Err(error) = started {
        tracing::warn!(%error, "there is no thread for background work; it is done in the foreground");
    }
    queue
}

fn run(jobs: Receiver<Job>) {
    HERE.set(true);
    be_nice();
    jobs.into_iter().for_each(|job| job());
}

/// On Linux a priority belongs to a thread, which the compiler's own threads inherit; elsewhere to the whole process.
fn be_nice() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::setpriority_process(None, NICENESS) {
        tracing::debug!(%error, "background work has the priority of requests");
    }
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
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
        assert_eq!(theirs, NICENESS.max(ours));
    }
}
