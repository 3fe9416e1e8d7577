//! The part of WASI that the Rust standard library asks for, and nothing that reaches the outside.
//!
//! There are no files, sockets, arguments or variables; clocks stand still at the time of the request and
//! the random seed is fixed, so that a plug-in is a function of its inputs. A component that wants more
//! does not link, and the error names the import.

use std::time::Duration;

use wasmtime::component::Linker;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, io, random};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiView as _};

use crate::call::CallState;

/// The WASI interfaces that a component may import, without their version.
pub(crate) const GRANTED: [&str; 14] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:io/*",
    "wasi:random/insecure-seed",
];

/// Links the granted interfaces, in their asynchronous form: the others panic on an async worker.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let l = linker;
    cli::environment::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, CallState::cli)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, CallState::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, CallState::clocks)?;
    io::error::add_to_linker::<_, HasTable>(l, |state| state.ctx().table)?;
    io::poll::add_to_linker::<_, HasTable>(l, |state| state.ctx().table)?;
    io::streams::add_to_linker::<_, HasTable>(l, |state| state.ctx().table)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |state| state.ctx().ctx.random())
}

struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

/// A context that stands still at `now` milliseconds and writes standard error and output to `output`.
pub(crate) fn context(now: u64, output: &MemoryOutputPipe) -> WasiCtx {
    WasiCtxBuilder::new()
        .wall_clock(FrozenClock(now))
        .monotonic_clock(FrozenClock(now))
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

impl HostMonotonicClock for FrozenClock {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        0
    }
}
