//! The clock of deadlines: an epoch that advances for as long as its engine lives.
//!
//! Every engine has its ticker, so no deadline is ever unarmed.

use std::time::Duration;

/// Resolution of deadlines.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Advances the epoch of this engine every [`TICK`].
pub(crate) fn start_ticker(engine: &wasmtime::Engine) -> std::io::Result<()> {
    let engine = engine.weak();
    std::thread::Builder::new().name("dropins-epoch".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(())
}
