//! The one writer: takes what waits, has it decided in one transaction, and answers after the commit.
//!
//! Any error in a transaction makes all of its uses unavailable, and the connection is replaced before the next one.
//! The thread survives a panic of the backend; it ends when the queue is closed and drained.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};

use dropins_services::Unavailable;
use tokio::sync::oneshot;

use crate::{
    backend::Backend,
    entry::{Entry, Outcome, down},
    executor::Executor,
    outage::Outages,
    queue::Queue,
    retry::{Retries, Retry},
    stats::Counters,
};

/// Where an answer goes; that a caller has gone away matters only to [`Retries`].
pub(crate) type Reply<T> = oneshot::Sender<Result<T, Unavailable>>;

/// Work for the writer.
pub(crate) enum Command {
    Decide(Job),
    Purge { until: u64, limit: usize, reply: Reply<usize> },
    Probe(Reply<()>),
    Close(Reply<()>),
}

/// A use that waits for its outcome.
pub(crate) struct Job {
    pub(crate) entry: Entry,
    /// Present when the use may be retried.
    pub(crate) retry: Option<Retry>,
    pub(crate) reply: Reply<Outcome>,
}

pub(crate) struct Writer<B> {
    backend: B,
    queue: Arc<Queue<Command>>,
    max_batch: usize,
    counters: Arc<Counters>,
    retries: Arc<Retries>,
    outages: Outages,
}

impl<B: Backend> Writer<B> {
    pub(crate) fn new(
        backend: B,
        queue: Arc<Queue<Command>>,
        max_batch: usize,
        counters: Arc<Counters>,
        retries: Arc<Retries>,
    ) -> Self {
        Self { backend, queue, max_batch: max_batch.max(1), counters, retries, outages: Outages::default() }
    }

    /// Works until the queue is closed and empty, then closes the backend.
    pub(crate) fn run(mut self, executor: &Executor) {
        let farewell = loop {
            match catch_unwind(AssertUnwindSafe(|| executor.block_on(self.serve()))) {
                Ok(farewell) => break farewell,
                Err(_) => {
                    tracing::error!("the backend of the replay store panicked; its connection is replaced");
                    self.counters.set_broken(true);
                }
            }
        };
        let closed = executor.block_on(self.backend.close());
        if let Err(error) = &closed {
            tracing::error!(%error, "the replay store was not closed in order");
        }
        if let Some(reply) = farewell {
            reply.send(closed).ok();
        }
    }

    async fn serve(&mut self) -> Option<Reply<()>> {
        let mut farewell = None;
        loop {
            let waiting = self.queue.take(self.max_batch).await;
            if waiting.is_empty() {
                return farewell;
            }
            let mut jobs = Vec::with_capacity(waiting.len());
            let mut chores = Vec::new();
            for command in waiting {
                match command {
                    Command::Decide(job) => jobs.push(job),
                    chore => chores.push(chore),
                }
            }
            // A caller that timed out learns nothing more, so its assertion need not be consumed.
            jobs.retain(|job| !job.reply.is_closed());
            while !jobs.is_empty() {
                jobs = self.decide(jobs).await;
            }
            for chore in chores {
                match chore {
                    Command::Decide(_) => {}
                    Command::Purge { until, limit, reply } => {
                        let purged = self.purge(until, limit).await;
                        reply.send(purged).ok();
                    }
                    Command::Probe(reply) => {
                        let probed = self.probe().await;
                        reply.send(probed).ok();
                    }
                    Command::Close(reply) => {
                        self.queue.close();
                        farewell = Some(reply);
                    }
                }
            }
        }
    }

    /// Decides the first use of each pair in one transaction and answers. The rest, for the next round: repeated uses
    /// in the same batch that the outcome does not settle, because the pair expires between their times.
    async fn decide(&mut self, mut jobs: Vec<Job>) -> Vec<Job> {
        // Sorted, so that two nodes cannot lock the same rows in opposite order; stable, so that the earliest use wins.
        jobs.sort_by(|a, b| a.entry.key.cmp(&b.entry.key));
        let leaders: Vec<&Entry> = groups(&jobs).filter_map(|group| group.first()).map(|job| &job.entry).collect();
        let uses = leaders.len();
        let decided = match ready(&mut self.backend, &self.counters).await {
            Ok(()) => self.backend.decide(&leaders).await,
            Err(error) => Err(error),
        };
        let decided = decided.and_then(|outcomes| match outcomes.len() == uses {
            true => Ok(outcomes),
            false => Err(down("the backend did not decide every use")),
        });
        self.counters.set_broken(decided.is_err());
        match decided {
            Ok(outcomes) => {
                self.counters.batch(uses);
                let answers = spread(&jobs, &outcomes);
                let answered = jobs.into_iter().zip(answers);
                answered.filter_map(|(job, answer)| settle(job, answer, &self.retries)).collect()
            }
            Err(error) => {
                if let Some(uses) = self.outages.failed(&error.to_string(), jobs.len(), Instant::now()) {
                    tracing::error!(%error, uses, "transactions of the replay store failed; their uses are rejected");
                }
                for job in jobs {
                    job.reply.send(Err(error.clone())).ok();
                }
                Vec::new()
            }
        }
    }

    async fn purge(&mut self, until: u64, limit: usize) -> Result<usize, Unavailable> {
        ready(&mut self.backend, &self.counters).await?;
        let purged = self.backend.purge(until, limit).await;
        self.counters.set_broken(purged.is_err());
        purged
    }

    async fn probe(&mut self) -> Result<(), Unavailable> {
        ready(&mut self.backend, &self.counters).await?;
        let probed = self.backend.probe().await;
        self.counters.set_broken(probed.is_err());
        probed
    }
}

/// Replaces the connection when the last write failed.
async fn ready<B: Backend>(backend: &mut B, counters: &Counters) -> Result<(), Unavailable> {
    if counters.is_broken() {
        backend.reconnect().await?;
    }
    Ok(())
}

/// Runs of jobs with the same pair, in sorted jobs.
fn groups(jobs: &[Job]) -> impl Iterator<Item = &[Job]> {
    jobs.chunk_by(|a, b| a.entry.key == b.entry.key)
}

/// The answer to each job, from the outcomes of the first job of each group; `None` where it does not follow.
fn spread(jobs: &[Job], outcomes: &[Outcome]) -> Vec<Option<Outcome>> {
    let mut answers = Vec::with_capacity(jobs.len());
    for (group, outcome) in groups(jobs).zip(outcomes) {
        let mut until = 0;
        for (position, Job { entry, .. }) in group.iter().enumerate() {
            if position == 0 {
                until = outcome.until(entry);
                answers.push(Some(*outcome));
            } else {
                answers.push((until > entry.now).then_some(Outcome::Seen { until }));
            }
        }
    }
    answers
}

/// Sends the answer, or gives the job back when there is none yet.
fn settle(job: Job, answer: Option<Outcome>, retries: &Retries) -> Option<Job> {
    let Some(outcome) = answer else { return Some(job) };
    let heard = job.reply.send(Ok(outcome)).is_ok();
    if let (false, Outcome::First, Some(retry)) = (heard, outcome, job.retry) {
        retries.unheard(&retry);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Key;

    fn job(jti: &str, now: u64, expires_at: u64) -> Job {
        let key = Key { client_id: "c".into(), jti: jti.into() };
        Job { entry: Entry { key, created_at: now, expires_at, now }, retry: None, reply: oneshot::channel().0 }
    }

    #[test]
    fn the_first_use_of_a_pair_wins_and_the_others_follow_from_it() {
        let jobs = [job("a", 1, 9), job("a", 2, 9), job("b", 1, 9), job("b", 1, 9)];
        let answers = spread(&jobs, &[Outcome::First, Outcome::Seen { until: 5 }]);
        let seen = |until| Some(Outcome::Seen { until });
        assert_eq!(answers, [Some(Outcome::First), seen(9), seen(5), seen(5)]);
    }

    #[test]
    fn a_repeated_use_at_or_after_the_expiry_of_the_first_is_left_open() {
        let jobs = [job("a", 1, 9), job("a", 8, 20), job("a", 9, 20)];
        let answers = spread(&jobs, &[Outcome::First]);
        assert_eq!(answers, [Some(Outcome::First), Some(Outcome::Seen { until: 9 }), None]);
    }
}
