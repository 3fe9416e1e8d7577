//! What shadows found out, for the status document and for `GET /plugins/NAME/diff`.
//!
//! A plug-in is asked for by its own name, by an alias, or by the label of its listener entry.

use dropins_host::{Generation, Handler};
use serde_json::{Value, json};

/// The candidate beside a handler: how it compares, or why it does not run. Null where none is configured.
pub(super) fn summary(handler: &Handler) -> Value {
    match handler.shadow() {
        None => Value::Null,
        Some(Ok(shadow)) => json!({
            "file": shadow.file(),
            "state": "running",
            "name": shadow.id().name,
            "digest": shadow.id().digest,
            "requests": shadow.counts(),
        }),
        Some(Err(error)) => json!({
            "file": handler.listener().shadow,
            "state": "not-running",
            "reason": error.to_string(),
        }),
    }
}

/// How the candidate beside a plug-in compares with it, with the last differences.
///
/// # Errors
/// One sentence when there is no such plug-in, or none beside it.
pub(super) fn differences(generation: &Generation, name: &str) -> Result<Value, String> {
    let named = |handler: &&Handler| handler.description().answers_to(name) || handler.listener().id == name;
    let handler = generation.handlers().iter().find(named);
    let handler = handler.ok_or_else(|| format!("no live plug-in answers to `{name}`"))?;
    let plugin = handler.id();
    let kept = match handler.shadow() {
        None => {
            let hint = "add shadow = \"candidate.wasm\" to its [[event_listener]] entry";
            return Err(format!("nothing runs beside `{}`; {hint}", plugin.name));
        }
        Some(shadow) => shadow.map(dropins_host::Shadow::differences).unwrap_or_default(),
    };
    Ok(json!({
        "name": plugin.name,
        "digest": plugin.digest,
        "shadow": summary(handler),
        "differences": kept,
    }))
}
