//! Runs the asynchronous part of a verb.

use std::process::ExitCode;

/// Runs a verb that talks or waits.
pub(crate) fn block_on(verb: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(verb)
}
