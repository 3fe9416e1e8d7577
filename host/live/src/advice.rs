//! What to say about a rejected request: the rule that it broke, and what its client lacks.
//!
//! A plug-in explains a request that it rejects, and thereby lists its rules.

use dropins_host::{Check, Generation, Request};
use dropins_protocol::names::{JWT_BEARER, JWT_SPIFFE};

use super::live::Live;

/// The rule of this reason code, with its text and how to fix a request that breaks it. The requests are rejected
/// before any client is looked up.
pub async fn rule(generation: &Generation, reason: &str) -> Option<Check> {
    rules(generation, reason).await.into_iter().find(|check| check.reason == reason)
}

/// All rules of the plug-in that has one of this reason code, in the order in which it applies them; none if there is
/// no such plug-in.
pub async fn rules(generation: &Generation, reason: &str) -> Vec<Check> {
    let credentials: [&[(&str, &str)]; 3] = [
        &[("client_assertion_type", JWT_BEARER), ("client_assertion", "x")],
        &[("client_assertion_type", JWT_SPIFFE), ("client_assertion", "x")],
        &[("client_secret", "x")],
    ];
    for form in credentials {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let explained = generation.explain(&Request { form, ..Request::default() }).await;
        let rules = explained.explanation.unwrap_or_default();
        if rules.iter().any(|check| check.reason == reason) {
            return rules;
        }
    }
    Vec::new()
}

/// What the client lacks as of now: a document at its id, or any key.
pub async fn note(live: &Live, client_id: &str) -> Option<String> {
    if let Some(lack) = live.clients.lacks_document(client_id).await {
        return Some(format!("the client is not registered, and no document at its id describes it: {lack}"));
    }
    live.clients.find(client_id).await.ok()??.keyless(&live.resources.sources.keystores)
}
