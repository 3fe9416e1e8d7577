//! What runs the writer on its thread: a tokio runtime, or for a backend that blocks the bare thread.

use tokio::runtime::Runtime;

/// Runs the work of one thread.
pub(crate) enum Executor {
    /// The thread sleeps until it is woken.
    Thread,
    /// A driver can await sockets and timers here.
    Runtime(Runtime),
}

impl Executor {
    /// For a backend that blocks, or else awaits.
    ///
    /// # Errors
    /// The operating system's, if it gives no runtime.
    pub(crate) fn new(blocks: bool) -> std::io::Result<Self> {
        match blocks {
            true => Ok(Self::Thread),
            false => tokio::runtime::Builder::new_current_thread().enable_all().build().map(Self::Runtime),
        }
    }

    /// Runs work to its end.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        match self {
            Self::Thread => pollster::block_on(work),
            Self::Runtime(runtime) => runtime.block_on(work),
        }
    }
}
