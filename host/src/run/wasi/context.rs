//! The WASI context of one call.
//!
//! Its wall clock stands still at the time of the request and its seed is fixed, so a plug-in is a function of its
//! inputs. Standard output and error go to the host.

use std::time::Duration;

use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostWallClock, WasiCtx, WasiCtxBuilder};

/// A context that stands still at `now` milliseconds and writes standard output and error to `output`.
pub(crate) fn context(now: u64, output: &MemoryOutputPipe) -> WasiCtx {
    WasiCtxBuilder::new()
        .wall_clock(FrozenClock(now))
        .insecure_random_seed(0)
        .stdout(output.clone())
        .stderr(output.clone())
        .build()
}

struct FrozenClock(u64);

impl HostWallClock for FrozenClock {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.0)
    }
}
