//! What shadows found out, for the status document and for `GET /plugins/NAME/diff`.
//!
//! A plug-in is named by its own name, an alias, or the label of its listener entry.

use dropins_host::{Generation, Handler};

use super::documents::{DiffDocument, ShadowState};

/// The candidate beside a handler: how it compares, or why it does not run.
pub(super) fn summary(handler: &Handler) -> Option<ShadowState> {
    Some(match handler.shadow()? {
        Ok(shadow) => ShadowState::Running {
            file: shadow.file().to_owned(),
            name: shadow.id().name.clone(),
            digest: shadow.id().digest,
            requests: shadow.counts(),
        },
        Err(error) => ShadowState::NotRunning {
            file: handler.listener().shadow.clone().unwrap_or_default(),
            reason: error.to_string(),
        },
    })
}

/// How the candidate beside a plug-in compares with it, with the last differences.
///
/// # Errors
/// One sentence if there is no such plug-in, or none beside it.
pub fn differences(generation: &Generation, name: &str) -> Result<DiffDocument, String> {
    let named = |handler: &&Handler| handler.description().answers_to(name) || handler.listener().id == name;
    let handler = generation.handlers().iter().find(named);
    let handler = handler.ok_or_else(|| format!("no live plug-in answers to `{name}`"))?;
    let plugin = handler.id();
    let shadow = summary(handler).ok_or_else(|| {
        let hint = "add shadow = \"candidate.wasm\" to its [[event_listener]] entry";
        format!("nothing runs beside `{}`; {hint}", plugin.name)
    })?;
    let differences = handler.shadow().and_then(Result::ok).map(dropins_host::Shadow::differences);
    Ok(DiffDocument {
        name: plugin.name.clone(),
        digest: plugin.digest,
        shadow,
        differences: differences.unwrap_or_default(),
    })
}
