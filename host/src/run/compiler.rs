//! Compiles, one component at a time and for a bounded time.
//!
//! Each compilation has a thread of its own, which ends with it and leaves no memory to a heap that sleeps. A compilation
//! cannot be interrupted: if it takes too long, its thread is given up. While too many given-up threads still run, nothing
//! is compiled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::run::worker::{Panicked, Worker};

/// Given-up threads that may still run.
const MAX_GIVEN_UP: usize = 2;

const NAME: &str = "dropins-compiler";

/// What compiles.
pub(crate) struct Compiler {
    /// Lets one compilation in at a time, so none waits for another one's thread.
    turn: Arc<tokio::sync::Mutex<()>>,
    given_up: Arc<AtomicUsize>,
    limit: Duration,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The compiler panicked.
    #[error(transparent)]
    Panicked(#[from] Panicked),
    /// The compiler was given up.
    #[error("the compiler was not done after {0:?}")]
    Overdue(Duration),
    /// Earlier components still occupy the compiler.
    #[error("the compiler is busy with components that were given up")]
    Busy,
}

impl Compiler {
    /// A compiler that takes at most so long for a component.
    pub(crate) fn new(limit: Duration) -> Self {
        Self { turn: Arc::default(), given_up: Arc::default(), limit }
    }

    /// Runs a compilation after those that were asked for before. A caller that goes away does not let the next one in
    /// before it ends.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, CompileError> {
        let turn = Arc::clone(&self.turn).lock_owned().await;
        if self.given_up.load(Ordering::Relaxed) >= MAX_GIVEN_UP {
            return Err(CompileError::Busy);
        }
        let (done, result) = channel();
        let given_up = Arc::clone(&self.given_up);
        Worker::start(NAME).run(work, move |outcome| {
            if done.send(outcome).is_err() {
                given_up.fetch_sub(1, Ordering::Relaxed);
            }
        });
        let (limit, given_up) = (self.limit, Arc::clone(&self.given_up));
        // Waits on a blocking thread: a timer of tokio would run ahead where tests pause its clock.
        let waited = tokio::task::spawn_blocking(move || {
            let outcome = result.recv_timeout(limit).ok();
            if outcome.is_none() {
                given_up.fetch_add(1, Ordering::Relaxed);
            }
            drop(turn);
            outcome
        });
        Ok(waited.await.ok().flatten().ok_or(CompileError::Overdue(self.limit))??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    /// A compilation that ends when its sender is dropped.
    fn endless() -> (std::sync::mpsc::Sender<()>, impl FnOnce() -> u32 + Send + 'static) {
        let (end, ended) = channel::<()>();
        (end, move || {
            let _ended = ended.recv();
            0
        })
    }

    #[tokio::test]
    async fn a_compiler_that_panics_takes_nothing_down_with_it() {
        let compiler = Compiler::new(Duration::from_secs(30));
        let panicked: Result<(), _> = compiler.run(|| panic!("assertion failed in cranelift")).await;
        assert!(panicked.unwrap_err().to_string().contains("assertion failed in cranelift"));
        assert_eq!(compiler.run(|| 1).await, Ok(1), "the next one has its turn");
    }

    #[tokio::test]
    async fn a_component_that_takes_too_long_does_not_stop_the_next_one() {
        let compiler = Compiler::new(SHORT);
        let (_end, work) = endless();
        assert_eq!(compiler.run(work).await, Err(CompileError::Overdue(SHORT)));
        let patient = Compiler { limit: Duration::from_secs(30), ..compiler };
        assert_eq!(patient.run(|| 1).await, Ok(1));
    }

    #[tokio::test]
    async fn nothing_is_compiled_while_too_many_given_up_threads_run() {
        let mut compiler = Compiler::new(SHORT);
        let ((first, one), (second, other)) = (endless(), endless());
        assert_eq!(compiler.run(one).await, Err(CompileError::Overdue(SHORT)));
        assert_eq!(compiler.run(other).await, Err(CompileError::Overdue(SHORT)));
        assert_eq!(compiler.run(|| 1).await, Err(CompileError::Busy));
        drop((first, second));
        compiler.limit = Duration::from_secs(30);
        let given_up = std::time::Instant::now() + Duration::from_secs(30);
        while compiler.run(|| 1).await == Err(CompileError::Busy) && std::time::Instant::now() < given_up {
            tokio::task::yield_now().await;
        }
        assert_eq!(compiler.run(|| 1).await, Ok(1));
    }
}
