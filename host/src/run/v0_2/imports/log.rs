//! The import `log`: lines for the operator.

use tracing::Level;

use crate::run::call::CallState;
use crate::run::v0_2::bindings::dropins::client_auth::log;

impl log::Host for CallState {
    fn emit(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.budget.enter()?;
        let level = match level {
            log::Level::Debug => Level::DEBUG,
            log::Level::Info => Level::INFO,
            log::Level::Warn => Level::WARN,
            log::Level::Error => Level::ERROR,
        };
        self.log.push(level, &message);
        Ok(())
    }
}
