//! Group commit: concurrent decisions share a transaction of the one writer, whatever the backend.
//!
//! The writer takes all that waits, up to a maximum; while it commits, the next batch gathers. It is woken when a caller's
//! thread has served what else was ready; there is no other waiting. A full queue and a passed deadline are answered at once: unavailable. Dropping a call is harmless; its use
//! may or may not be remembered, as with a deadline, and either way no caller was told that it was the first. When it
//! turns out afterwards that it was, [`Retries`] hears of it.

use std::{sync::Arc, time::Duration};

use dropins_services::Unavailable;
use tokio::sync::oneshot;

use crate::{
    backend::{Backend, Deleter, Reader},
    deadline::{too_slow, within},
    entry::{Entry, Outcome, down},
    executor::Executor,
    queue::{Queue, Rejected},
    retry::{Retries, Retry},
    settings::ReplaySettings,
    stats::Counters,
    writer::{Command, Job, Reply, Writer},
};

/// The queue to the writer of a store.
pub struct GroupCommit {
    queue: Arc<Queue<Command>>,
    capacity: usize,
    reader: Arc<dyn Reader>,
    deleter: Option<Arc<dyn Deleter>>,
    counters: Arc<Counters>,
    retries: Arc<Retries>,
    timeout: Duration,
}

impl GroupCommit {
    /// Starts the writer of this backend, in a thread of its own.
    ///
    /// # Errors
    /// The operating system's, when it gives no thread.
    pub fn start<B: Backend>(backend: B, settings: &ReplaySettings) -> std::io::Result<Self> {
        let (reader, deleter) = (backend.reader(), backend.deleter());
        let (counters, retries) = <(Arc<Counters>, Arc<Retries>)>::default();
        let (queue, capacity) = (Arc::new(Queue::new()), settings.queue.max(1));
        let (commands, max_batch) = (Arc::clone(&queue), settings.max_batch);
        let writer = Writer::new(backend, commands, max_batch, Arc::clone(&counters), Arc::clone(&retries));
        let executor = Executor::new(B::BLOCKS)?;
        std::thread::Builder::new().name("replay-writer".into()).spawn(move || writer.run(&executor))?;
        Ok(Self { queue, capacity, reader, deleter, counters, retries, timeout: settings.timeout })
    }

    /// Decides one use and remembers it, durably, when it is the first. `retry` is present when it may be retried.
    ///
    /// # Errors
    /// [`Unavailable`] when the queue is full, the time-out has passed, or the transaction failed.
    pub async fn decide(&self, entry: Entry, retry: Option<Retry>) -> Result<Outcome, Unavailable> {
        self.ask(self.capacity, |reply| Command::Decide(Job { entry, retry, reply })).await
    }

    /// Deletes at most `limit` pairs that expired at or before `until` (Unix seconds), and counts them.
    ///
    /// # Errors
    /// As [`GroupCommit::decide`].
    pub async fn purge(&self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        match &self.deleter {
            Some(deleter) => self.within(deleter.purge(until, limit)).await,
            None => self.ask(usize::MAX, |reply| Command::Purge { until, limit, reply }).await,
        }
    }

    /// Whether the store can be read, and written as far as is known: after a failed write it is tried again.
    ///
    /// # Errors
    /// [`Unavailable`] says what is wrong.
    pub async fn healthy(&self) -> Result<(), Unavailable> {
        if self.counters.is_broken() {
            self.ask(usize::MAX, Command::Probe).await?;
        }
        if self.queue.is_closed() {
            return Err(closed());
        }
        self.within(self.reader.expires_at(&crate::Key::default())).await.map(drop)
    }

    /// Decides what waits, rejects what comes later, and closes the backend.
    ///
    /// # Errors
    /// [`Unavailable`] when the backend could not be closed in order, or was closed before.
    pub async fn close(&self) -> Result<(), Unavailable> {
        let (reply, answer) = oneshot::channel();
        self.queue.add(Command::Close(reply), usize::MAX).map_err(|_| closed())?;
        self.queue.wake();
        answer.await.map_err(|_| closed())?
    }

    pub(crate) fn reader(&self) -> &dyn Reader {
        self.reader.as_ref()
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    pub(crate) fn queue_depth(&self) -> usize {
        self.queue.depth()
    }

    /// Awaits work of the store for no longer than the time-out.
    pub(crate) async fn within<T>(&self, work: impl Future<Output = Result<T, Unavailable>>) -> Result<T, Unavailable> {
        within(self.timeout, work).await
    }

    async fn ask<T>(&self, capacity: usize, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, Unavailable> {
        let (reply, mut answer) = oneshot::channel();
        self.queue.add(command(reply), capacity).map_err(|rejected| match rejected {
            Rejected::Full => down("too many decisions are waiting"),
            Rejected::Closed => closed(),
        })?;
        // What else this thread has to do may add more to the batch. Each wake costs the writer a transaction.
        tokio::task::yield_now().await;
        self.queue.wake();
        match tokio::time::timeout(self.timeout, &mut answer).await {
            Ok(answered) => answered.map_err(|_| down("the writer gave up the work"))?,
            Err(_) => {
                // An answer that was sent before is received; a later one finds the channel closed. There is no third case.
                answer.close();
                answer.try_recv().unwrap_or_else(|_| Err(too_slow(self.timeout)))
            }
        }
    }
}

impl Drop for GroupCommit {
    /// The writer ends after what waits.
    fn drop(&mut self) {
        self.queue.close();
    }
}

fn closed() -> Unavailable {
    down("it is closed")
}
