//! Links the granted part of WASI.
//!
//! There are no files, sockets, arguments or variables. A plug-in that waits on a clock traps, because its clocks stand
//! still.

use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::DynPollable;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::bindings::{cli, clocks, io, random};
use wasmtime_wasi::random::WasiRandom;

use crate::run::call::CallState;

/// Links the granted interfaces in their asynchronous form: the synchronous ones panic on an async worker.
pub(crate) fn link(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    let l = linker;
    cli::environment::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::exit::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, |state| metered(state).cli())?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, |state| metered(state).clocks())?;
    monotonic_clock::add_to_linker::<_, HasSelf<CallState>>(l, metered)?;
    io::error::add_to_linker::<_, HasTable>(l, |state| metered(state).ctx().table)?;
    io::poll::add_to_linker::<_, HasTable>(l, |state| metered(state).ctx().table)?;
    io::streams::add_to_linker::<_, HasTable>(l, |state| metered(state).ctx().table)?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |state| metered(state).ctx().ctx.random())
}

/// Meters a call to WASI at its entry, where the linker asks for the state.
fn metered(state: &mut CallState) -> &mut CallState {
    state.budget.note_entry();
    state
}

struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

/// The plug-in asked to wait, which would hold an instance without computing.
#[derive(Debug, thiserror::Error)]
#[error("it asked to wait, but the clocks of a plug-in stand still")]
struct StandsStill;

impl monotonic_clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<monotonic_clock::Instant> {
        Ok(0)
    }

    fn resolution(&mut self) -> wasmtime::Result<monotonic_clock::Duration> {
        Ok(1_000_000)
    }

    fn subscribe_instant(&mut self, _when: monotonic_clock::Instant) -> wasmtime::Result<Resource<DynPollable>> {
        Err(StandsStill.into())
    }

    fn subscribe_duration(&mut self, _span: monotonic_clock::Duration) -> wasmtime::Result<Resource<DynPollable>> {
        Err(StandsStill.into())
    }
}
