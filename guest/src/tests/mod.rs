//! Both sides of every rule, against the server of [`crate::testing`].

mod claims;
mod client_and_key;
mod explain;
mod in_guest;
mod jose;
mod replay;
mod request;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dropins_plugin::testing::{AskedHint, Consumed, Outcome, TestKey};
use dropins_plugin::{LookupError, OAuthError, Reason as _, Registration, State, Unsupported, Unused};
use serde_json::{Value, json};

use crate::testing::*;
use crate::*;

/// Sets a claim; `Value::Null` inside `Some` is the JSON null, `None` removes the claim.
fn with_claim(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    after(|world| change(&mut world.claims, name, value.into()))
}

fn with_header(name: &str, value: impl Into<Option<Value>>) -> &'static str {
    after(|world| change(&mut world.header, name, value.into()))
}

fn change(object: &mut Value, name: &str, value: Option<Value>) {
    let object = object.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(name.to_owned(), value),
        None => object.remove(name),
    };
}

fn encoded(header: &str, claims: &str) -> String {
    [header, claims, "signature"].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

fn with_parts(header: &str, claims: &str) -> &'static str {
    after(|world| world.assertion = Some(encoded(header, claims)))
}

fn with_parameter(name: &str, value: &str) -> &'static str {
    after(|world| world.form.push((name.to_owned(), value.to_owned())))
}

fn in_mode(mode: &'static str, aud: Value) -> &'static str {
    after(|world| {
        world.properties.push(("AudienceMode", mode));
        world.properties.push(("TokenEndpointAlias", "sampleurl"));
        world.claims["aud"] = aud;
    })
}
