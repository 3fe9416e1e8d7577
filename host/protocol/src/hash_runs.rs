//! Bounds argon2: how many runs at once, how many callers wait, how much memory.
//!
//! A permit moves into the run, so that a caller that hangs up frees nothing before the run ends. A caller beyond the
//! queue is rejected at once. Runs yield to requests: their threads have a low priority. They share as many blocks of
//! memory as run at once; these stay allocated, because what is freed from several threads does not go back to the system.

use std::sync::{Arc, Mutex, PoisonError};

use argon2::{Block, Params};
use dropins_services::{Unavailable, background};
use tokio::sync::{Semaphore, oneshot};

const PART: &str = "secret hashing";
/// Callers that wait for each run: about half a second.
const WAITING_PER_RUN: usize = 16;

/// The runs of one process.
pub(crate) struct HashRuns {
    runs: Arc<Semaphore>,
    /// One for each run and each caller that waits.
    places: Arc<Semaphore>,
    memory: Arc<Memory>,
}

impl HashRuns {
    /// As many runs at once as the machine has cores but one, which is left to the requests of other clients.
    pub(crate) fn of_this_machine() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let runs = cores.saturating_sub(1).max(1);
        Self::new(runs, runs.saturating_mul(WAITING_PER_RUN))
    }

    fn new(runs: usize, waiting: usize) -> Self {
        Self {
            runs: Arc::new(Semaphore::new(runs)),
            places: Arc::new(Semaphore::new(runs.saturating_add(waiting))),
            memory: Arc::new(Memory { kept: runs, free: Mutex::default() }),
        }
    }

    /// The memory of the runs.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Runs the work on a thread of its own, which costs a thousandth of the work. It goes on if the caller is dropped.
    ///
    /// # Errors
    /// [`Unavailable`] if too many callers wait, or if the work panics.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Memory) -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let failed = |error: &dyn std::fmt::Display| Unavailable::new(PART, error);
        let place = Arc::clone(&self.places).try_acquire_owned();
        let place = place.map_err(|_| Unavailable::new(PART, "too many secrets wait to be checked"))?;
        let run = Arc::clone(&self.runs).acquire_owned().await.map_err(|error| failed(&error))?;
        let memory = Arc::clone(&self.memory);
        let (done, result) = oneshot::channel();
        let thread = std::thread::Builder::new().name("secret-hash".to_owned()).spawn(move || {
            let _until_the_end = (place, run);
            background::yield_to_requests();
            // A caller that hung up needs no result.
            let _hung_up = done.send(background::in_turns(|| work(&memory)));
        });
        thread.map_err(|error| failed(&error))?;
        result.await.map_err(|_| failed(&"it panicked"))
    }
}

/// Memory that runs use one after the other.
pub(crate) struct Memory {
    kept: usize,
    free: Mutex<Vec<Vec<Block>>>,
}

impl Memory {
    /// Lends so many blocks; they hold what an earlier run left, which argon2 overwrites before it reads.
    pub(crate) fn lend<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        // Other parameters than our own are the operator's; their memory is not kept.
        let own = blocks == Params::DEFAULT.block_count();
        let kept = own.then(|| self.free().pop()).flatten();
        let mut memory = kept.unwrap_or_else(|| vec![Block::default(); blocks]);
        let result = work(&mut memory);
        let mut free = self.free();
        if own && free.len() < self.kept {
            free.push(memory);
        }
        result
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::{Duration, Instant};

    /// Work that counts itself and lasts until it is released.
    struct Work {
        runs: Arc<HashRuns>,
        running: Arc<AtomicUsize>,
        most: Arc<AtomicUsize>,
        released: Arc<Mutex<Receiver<()>>>,
        release: Sender<()>,
    }

    impl Work {
        fn new(runs: usize, waiting: usize) -> Self {
            let (release, released) = channel();
            let runs = Arc::new(HashRuns::new(runs, waiting));
            Self {
                runs,
                running: Arc::default(),
                most: Arc::default(),
                released: Arc::new(Mutex::new(released)),
                release,
            }
        }

        fn start(&self) -> tokio::task::JoinHandle<Result<(), Unavailable>> {
            let (runs, running, most) = (self.runs.clone(), self.running.clone(), self.most.clone());
            let released = self.released.clone();
            tokio::spawn(async move {
                let work = move |_: &Memory| {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    released.lock().unwrap().recv().unwrap();
                    running.fetch_sub(1, SeqCst);
                };
                runs.run(work).await
            })
        }

        async fn running(&self, count: usize) {
            let deadline = Instant::now() + Duration::from_secs(20);
            while self.running.load(SeqCst) != count {
                assert!(Instant::now() < deadline, "{} run instead of {count}", self.running.load(SeqCst));
                tokio::task::yield_now().await;
            }
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_yields_to_requests_and_its_caller_does_not() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let before = niceness();
        assert_eq!(HashRuns::new(1, 1).run(move |_| niceness()).await.unwrap(), before.max(10));
        assert_eq!(niceness(), before);
    }

    #[tokio::test]
    async fn callers_that_hang_up_start_no_further_runs() {
        let work = Work::new(2, 8);
        for _ in 0..50 {
            let caller = work.start();
            tokio::task::yield_now().await;
            caller.abort();
            assert!(caller.await.unwrap_err().is_cancelled());
        }
        work.running(2).await;
        (0..2).for_each(|_| work.release.send(()).unwrap());
        work.running(0).await;
        assert_eq!(work.most.load(SeqCst), 2, "callers that waited never began");
        let caller = work.start();
        work.release.send(()).unwrap();
        caller.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_caller_beyond_the_queue_is_rejected_at_once_and_harms_none_before_it() {
        let work = Work::new(1, 2);
        let callers: Vec<_> = (0..3).map(|_| work.start()).collect();
        work.running(1).await;
        assert_eq!(work.start().await.unwrap().unwrap_err().part, PART);
        (0..4).for_each(|_| work.release.send(()).unwrap());
        for caller in callers {
            caller.await.unwrap().unwrap();
        }
        work.start().await.unwrap().unwrap();
    }

    #[test]
    fn memory_is_lent_again_and_other_sizes_are_not_kept() {
        let memory = Memory { kept: 1, free: Mutex::default() };
        let own = Params::DEFAULT.block_count();
        let first = memory.lend(own, |blocks| blocks.as_ptr() as usize);
        assert_eq!(memory.lend(own, |blocks| (blocks.as_ptr() as usize, blocks.len())), (first, own));
        assert_eq!(memory.lend(8, |blocks| blocks.len()), 8);
        memory.lend(own, |_| memory.lend(own, |_| ()));
        assert_eq!(memory.free().len(), 1, "as many as run at once");
    }
}
