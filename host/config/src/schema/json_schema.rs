//! The keys as JSON Schema (draft 7, which TOML editors read): completion, types, meaning.
//!
//! Keys of WSO2 Identity Server without meaning here are accepted, as they are by this server; others are mistakes.

use serde_json::{Map, Value, json};

use crate::schema::keys::{KEYS, Key, Kind};
use crate::schema::wso2;

/// The schema of `deployment.toml`.
pub fn json_schema() -> Value {
    let mut root = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "deployment.toml of dropins",
        "type": "object",
        "properties": {},
        "additionalProperties": false,
    });
    for key in KEYS {
        for path in std::iter::once(&key.path).chain(key.aliases) {
            put(&mut root, path, described(key));
        }
    }
    for path in wso2::paths() {
        put_unless_there(&mut root, path);
    }
    root
}

/// What a value of the key is.
fn described(key: &Key) -> Value {
    let mut schema = of_kind(key.kind);
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".to_owned(), format!("{}; takes effect {}", key.doc, key.effect().as_str()).into());
        if let Some(default) = key.default {
            members.insert("default".to_owned(), typed_default(key.kind, default));
        }
    }
    schema
}

fn typed_default(kind: Kind, text: &str) -> Value {
    match kind {
        Kind::Boolean => text.parse::<bool>().map_or_else(|_| text.into(), Value::from),
        Kind::Integer(..) => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        _ => text.into(),
    }
}

/// Numbers and booleans may be quoted, and any text may hold placeholders.
fn of_kind(kind: Kind) -> Value {
    let words = |allowed: &[&str]| json!({ "anyOf": [{ "enum": allowed }, { "type": "string" }] });
    match kind {
        Kind::Text | Kind::Secret | Kind::Address => json!({ "type": "string" }),
        Kind::Boolean => json!({ "type": ["boolean", "string"] }),
        Kind::Integer(min, max) => json!({ "type": ["integer", "string"], "minimum": min, "maximum": max }),
        Kind::Duration | Kind::Size(..) => json!({ "type": ["integer", "string"] }),
        Kind::Choice(allowed) => words(allowed),
        Kind::Words => json!({ "type": ["array", "string"], "items": { "type": "string" } }),
        Kind::Choices(allowed) => json!({ "type": ["array", "string"], "items": words(allowed) }),
        Kind::Json => json!({ "type": ["object", "string"] }),
        Kind::Properties => json!({ "type": "object" }),
        Kind::Tables => json!({ "type": "array", "items": section() }),
    }
}

fn section() -> Value {
    json!({ "type": "object", "properties": {}, "additionalProperties": false })
}

/// The properties of the section at this place, through arrays.
fn properties(schema: &mut Value) -> Option<&mut Map<String, Value>> {
    let is_array = schema.get("items").is_some_and(|items| items.get("properties").is_some());
    let holder = if is_array { schema.get_mut("items")? } else { schema };
    holder.get_mut("properties")?.as_object_mut()
}

fn put(schema: &mut Value, path: &str, described: Value) {
    let Some(members) = properties(schema) else { return };
    match path.split_once('.') {
        Some((head, rest)) => put(members.entry(head).or_insert_with(section), rest, described),
        None => {
            members.insert(path.to_owned(), described);
        }
    }
}

/// Accepts anything at a path that the schema does not have.
fn put_unless_there(schema: &mut Value, path: &str) {
    let Some(members) = properties(schema) else { return };
    match path.split_once('.') {
        Some((head, rest)) => put_unless_there(members.entry(head).or_insert_with(section), rest),
        None => {
            members
                .entry(path)
                .or_insert_with(|| json!({ "description": "of WSO2 Identity Server, without meaning here" }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_there_with_its_meaning_and_arrays_hold_tables() {
        let schema = json_schema();
        let skew = &schema["properties"]["oauth"]["properties"]["timestamp_skew"];
        assert_eq!((&skew["default"], &skew["type"]), (&json!("30s"), &json!(["integer", "string"])));
        let listener = &schema["properties"]["event_listener"];
        assert_eq!(listener["type"], "array");
        let order = &listener["items"]["properties"]["order"];
        assert!(order["description"].as_str().unwrap().contains("lower is asked first"), "{order}");
        let client = &schema["properties"]["service_provider"]["items"]["properties"];
        assert!(client["scope"].is_object() && client["scopes"].is_object(), "an alias is a key too");
        for key in KEYS {
            let place = key.path.split('.').try_fold(&schema, |place, name| {
                let holder = if place["items"]["properties"].is_object() { &place["items"] } else { place };
                holder["properties"].get(name)
            });
            assert!(place.is_some(), "{}", key.path);
        }
    }

    #[test]
    fn keys_of_wso2_are_accepted_and_others_are_not() {
        let schema = json_schema();
        assert!(schema["properties"]["account_recovery"].is_object());
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["oauth"]["additionalProperties"], false);
    }
}
