//! What a plug-in says about one of its rules: it explains a request that it rejects, and thereby lists them all.

use dropins_host::{Check, Generation, Request};
use dropins_protocol::names::JWT_BEARER;

/// The rule of this reason code, with its text and how to fix a request that breaks it. The requests are rejected
/// before any client is looked up.
pub async fn rule(generation: &Generation, reason: &str) -> Option<Check> {
    let credentials: [&[(&str, &str)]; 2] =
        [&[("client_assertion_type", JWT_BEARER), ("client_assertion", "x")], &[("client_secret", "x")]];
    for form in credentials {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let explained = generation.explain(&Request { form, ..Request::default() }).await;
        let found = explained.explanation.unwrap_or_default().into_iter().find(|check| check.reason == reason);
        if found.is_some() {
            return found;
        }
    }
    None
}
