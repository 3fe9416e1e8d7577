//! A thread for work that no request waits for.
//!
//! One job runs at a time, in the order in which they were asked for, and on Linux at a low priority, so requests go first.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SendError, Sender, channel};

use dropins_services::background;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// The name of the worker whose thread this is.
    static HERE: RefCell<Option<&'static str>> = const { RefCell::new(None) };
}

/// The work ended in a panic.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it panicked: {0}")]
pub struct Panicked(pub String);

/// The queue of a thread, which ends when the worker is dropped and its last job is done.
pub(crate) struct Worker {
    name: &'static str,
    queue: Sender<Job>,
}

impl Worker {
    /// Starts a thread with this name.
    pub(crate) fn start(name: &'static str) -> Self {
        let (queue, jobs) = channel();
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(move || run(name, jobs));
        if let Err(error) = started {
            tracing::warn!(%error, "there is no thread {name}; its work is done in the foreground");
        }
        Self { name, queue }
    }

    /// Queues a job and hands its result to `done`. A job that is asked for on the worker's own thread runs at once.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
        done: impl FnOnce(Result<T, Panicked>) + Send + 'static,
    ) {
        let job: Job =
            Box::new(move || done(catch_unwind(AssertUnwindSafe(work)).map_err(|panic| Panicked(text(&*panic)))));
        if HERE.with_borrow(|here| *here == Some(self.name)) {
            job();
        } else if let Err(SendError(job)) = self.queue.send(job) {
            // There is no thread.
            job();
        }
    }
}

fn run(name: &'static str, jobs: Receiver<Job>) {
    HERE.set(Some(name));
    background::yield_to_requests();
    jobs.into_iter().for_each(|job| job());
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
}
