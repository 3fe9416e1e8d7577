//! The strict reader of JSON: never panics, and another reader finds the same in what it accepts.

#![no_main]

use dropins_plugin::json::parse_json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let forgiving = serde_json::from_slice::<serde_json::Value>(text);
    match parse_json(text) {
        Ok(value) => assert_eq!(Some(value), forgiving.ok()),
        // It is stricter, never laxer.
        Err(error) => drop(error.to_string()),
    }
});
