//! The store state of one call: services, budget, log and evidence.
//!
//! Client, algorithm and key in the audit log are what the host observed, not what the plug-in claims.

use std::sync::Arc;

use dropins_services::{Limits, Services, UnixMillis};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::contract::decision::{Check, Evidence};
use crate::contract::text::printable;
use crate::run::budget::Budget;
use crate::run::bulkhead::Place;
use crate::run::guest_log::GuestLog;
use crate::run::memory::MemoryLimiter;
use crate::run::wasi::context::context;

/// The state of one store.
pub(crate) struct CallState {
    /// `None` while a plug-in is being loaded: it must describe itself without services.
    pub(crate) services: Option<Arc<Services>>,
    pub(crate) now: UnixMillis,
    pub(crate) table: ResourceTable,
    pub(crate) memory: MemoryLimiter,
    pub(crate) budget: Budget,
    pub(crate) log: GuestLog,
    pub(crate) evidence: Evidence,
    /// Present if an operator asks for an explanation.
    pub(crate) explanation: Option<Vec<Check>>,
    /// The place of the request in the plug-in; `None` in a trial or a shadow.
    pub(crate) place: Option<Place>,
    wasi: Option<WasiCtx>,
    output: MemoryOutputPipe,
}

impl CallState {
    /// The state of a call that begins now.
    pub(crate) fn new(limits: &Limits, now: UnixMillis, services: Option<Arc<Services>>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Self {
            services,
            now,
            table,
            memory: MemoryLimiter::new(limits.memory),
            budget: Budget::new(limits),
            log: GuestLog::new(limits),
            evidence: Evidence::default(),
            explanation: None,
            place: None,
            wasi: None,
            output: MemoryOutputPipe::new(limits.log_bytes),
        }
    }

    /// What the plug-in wrote to standard output and error, on one line; usually the text of a panic.
    pub(crate) fn output(&self) -> String {
        printable(&String::from_utf8_lossy(&self.output.contents()).trim().replace('\n', " "))
    }

    /// Asks a service without charging its time to the plug-in and without a place among those that run; the error
    /// ends the call.
    pub(crate) async fn ask<T>(
        &mut self,
        service: &'static str,
        answer: impl Future<Output = T>,
    ) -> wasmtime::Result<T> {
        let began = self.budget.ask(service)?;
        self.place.iter_mut().for_each(Place::pause);
        let answer = answer.await;
        if let Some(place) = &mut self.place {
            place.resume().await;
        }
        self.budget.answered(began);
        Ok(answer)
    }
}

impl WasiView for CallState {
    /// Made on first use: most calls never touch WASI.
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let ctx = self.wasi.get_or_insert_with(|| context(self.now, &self.output));
        WasiCtxView { ctx, table: &mut self.table }
    }
}
