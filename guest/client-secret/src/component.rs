//! The glue between the WIT world and the core; compiled for wasm only.
//!
//! It converts values and nothing else: every decision is made in [`authenticate`](crate::authenticate).

#![allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    clippy::allow_attributes_without_reason,
    clippy::indexing_slicing,
    clippy::missing_safety_doc,
    reason = "code that wit-bindgen generates"
)]

wit_bindgen::generate!({ path: "../../wit", world: "authenticator-plugin", generate_all });

use crate::{Method, Refusal, authenticate};
use dropins::client_auth::{clients, types};
use exports::dropins::client_auth::client_authenticator as api;

struct Component;

impl api::Guest for Component {
    fn describe() -> api::Description {
        api::Description {
            name: crate::NAME.to_owned(),
            aliases: crate::ALIASES.map(str::to_owned).to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            summary: env!("CARGO_PKG_DESCRIPTION").to_owned(),
            methods: [Method::Basic, Method::Post].map(|method| method.name().to_owned()).to_vec(),
            reads: crate::READS.map(str::to_owned).to_vec(),
        }
    }

    fn check_config(properties: Vec<api::Field>) -> Vec<api::Problem> {
        let problem =
            |field: api::Field| api::Problem { property: field.name, message: crate::NO_PROPERTIES.to_owned() };
        properties.into_iter().map(problem).collect()
    }

    fn algorithms(_: Vec<api::Field>) -> Vec<String> {
        Vec::new()
    }

    fn can_authenticate(request: api::Request) -> bool {
        view(&request).is_engaged()
    }

    fn client_id(request: api::Request) -> Option<String> {
        let request = view(&request);
        let credential = crate::Credential::from_request(&request).map(|credential| credential.client_id);
        credential.ok().or_else(|| request.parameter("client_id").map(str::to_owned))
    }

    fn authenticate(_: Vec<api::Field>, request: api::Request) -> api::Outcome {
        match authenticate(&view(&request), &Directory) {
            Ok(client) => api::Outcome::Authenticated(api::Client {
                id: client.id,
                method: client.method.name().to_owned(),
                attributes: Vec::new(),
            }),
            Err(Refusal::Rejected(rejection)) => api::Outcome::Rejected(types::Rejection {
                error: rejection.reason.error().to_owned(),
                reason: rejection.reason.code().to_owned(),
                detail: rejection.to_string(),
            }),
            Err(Refusal::Unavailable(part)) => api::Outcome::Unavailable(part),
        }
    }
}

export!(Component);

fn view(request: &api::Request) -> crate::Request<'_> {
    crate::Request { form: pairs(&request.form), headers: pairs(&request.headers) }
}

fn pairs(fields: &[api::Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect()
}

/// The client directory of the host.
struct Directory;

impl crate::Clients for Directory {
    fn registered_method(&self, client_id: &str) -> Result<Option<Option<String>>, String> {
        Ok(clients::lookup(client_id)?.map(|registration| registration.auth_method))
    }

    fn check_secret(&self, client_id: &str, secret: &str) -> Result<bool, String> {
        clients::check_secret(client_id, secret)
    }
}
