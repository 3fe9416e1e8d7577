//! Writes the log lines of a plug-in, with its name and digest and the reference id of the request.
//!
//! Lines were bounded and escaped when the plug-in emitted them; one line counts those that were dropped.

use tracing::Level;

use crate::contract::decision::PluginId;
use crate::run::guest_log::GuestLog;

/// The log target of plug-ins.
pub(crate) const TARGET: &str = "dropins::plugin";

/// Writes what a plug-in logged while it worked on the request `reference`.
pub(crate) fn write(plugin: &PluginId, reference: &str, log: &mut GuestLog) {
    let GuestLog { lines, dropped, .. } = log.take();
    if lines.is_empty() && dropped == 0 {
        return;
    }
    let (plugin, digest) = (plugin.name.as_str(), plugin.digest.short());
    let reference = (!reference.is_empty()).then_some(reference);
    for (level, message) in lines {
        match level {
            Level::ERROR => tracing::error!(target: TARGET, reference, plugin, digest, "{message}"),
            Level::WARN => tracing::warn!(target: TARGET, reference, plugin, digest, "{message}"),
            Level::INFO => tracing::info!(target: TARGET, reference, plugin, digest, "{message}"),
            _ => tracing::debug!(target: TARGET, reference, plugin, digest, "{message}"),
        }
    }
    if dropped > 0 {
        tracing::warn!(target: TARGET, reference, plugin, digest, dropped, "log lines beyond the limit were dropped");
    }
}
