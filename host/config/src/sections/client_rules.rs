//! What every client must satisfy, whether the file declares it or it is registered; only its keys are judged elsewhere.
//!
//! Faults name the member of RFC 7591 section 2 that is wrong.

use dropins_fetch::{FetchSettings, JwksUrl};
use dropins_protocol::ClientRecord;
use dropins_protocol::names::{self, MAX_NAME, NONE, PRIVATE_KEY_JWT, SPIFFE_JWT};
use dropins_services::{is_unseen, is_uri_text};

use crate::language::problem::Code;
use crate::language::spelling;
use crate::sections::url::is_redirect_uri;

/// Authentication methods that come with the server; plug-ins may bring others.
const METHODS: [&str; 5] = ["private_key_jwt", "client_secret_basic", "client_secret_post", "spiffe_jwt", NONE];

/// The member with the subjects of trusted issuers, and the methods of clients that can have some.
pub(crate) const FEDERATED: &str = "federated";
const FEDERATED_METHODS: [&str; 2] = [PRIVATE_KEY_JWT, SPIFFE_JWT];

/// Something that keeps a client from being registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The member that is wrong, as RFC 7591 names it.
    pub field: &'static str,
    /// What kind of mistake it is in a file.
    pub code: Code,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Fault {
    /// A value of this member that is not allowed.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, code: Code::BadValue, message: message.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// Judges a client. `credentials` are the members of it that a credential is in, also one that is not read yet; `jwks`
/// says which JWKS URIs may be fetched.
pub fn client_faults(client: &ClientRecord, credentials: &[&'static str], jwks: &FetchSettings) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault = |field, message: String| faults.push(Fault::new(field, message));
    let printable = client.client_id.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if client.client_id.is_empty() || client.client_id.len() > MAX_NAME || !printable {
        fault("client_id", format!("it has 1 to {MAX_NAME} printable ASCII characters (RFC 6749 appendix A.1)"));
    }
    if let Some(name) = client.name.as_ref().filter(|name| name.len() > MAX_NAME || name.contains(is_unseen)) {
        let allowed = "at most 255 bytes, without unseen characters and those that end a line or turn the text";
        fault("client_name", format!("it has {allowed}; this has {} bytes", name.len()));
    }
    let method = client.auth_method.as_deref().unwrap_or_default();
    if !METHODS.contains(&method)
        && let Some(near) = spelling::nearest(method, METHODS)
    {
        let message = format!("`{}` is not an authentication method; did you mean `{near}`?", shown(method));
        fault("token_endpoint_auth_method", message);
    }
    for grant in client.grant_types.iter().filter(|grant| !names::GRANTS.contains(&grant.as_str())) {
        fault("grant_types", format!("`{}` is none of {}", shown(grant), names::GRANTS.join(", ")));
    }
    let members =
        [("redirect_uris", &client.redirect_uris), ("post_logout_redirect_uris", &client.post_logout_redirect_uris)];
    for (member, uris) in members {
        for uri in uris.iter().filter(|uri| !is_redirect_uri(uri)) {
            let message =
                format!("the redirect URI `{}` is not an absolute URI without user-info and fragment", shown(uri));
            fault(member, message);
        }
    }
    for scope in client.scopes.iter().filter(|scope| !is_scope(scope)) {
        fault("scope", format!("`{}` is not a scope token (RFC 6749 section 3.3)", shown(scope)));
    }
    match client.jwks_uri.as_ref().map(|uri| (is_uri_text(uri), JwksUrl::parse(uri, jwks))) {
        Some((_, Err(error))) => fault("jwks_uri", error.to_string()),
        Some((false, _)) => {
            fault("jwks_uri", "it has a character that URIs do not have (RFC 3986 section 2)".to_owned())
        }
        _ => {}
    }
    let has_secret = credentials.iter().any(|field| field.starts_with("client_secret"));
    if method.starts_with("client_secret_") && !has_secret {
        let message = "the client authenticates by a secret and has none".to_owned();
        faults.push(Fault { field: "token_endpoint_auth_method", code: Code::Missing, message });
    }
    if method == NONE {
        faults.extend(public(client, credentials));
    } else if !client.federated.is_empty() && !method.is_empty() && !FEDERATED_METHODS.contains(&method) {
        let known = FEDERATED_METHODS.join(", ");
        let message = format!(
            "subjects of trusted issuers count for the methods {known}, or without one; not for {}",
            shown(method)
        );
        faults.push(Fault { field: FEDERATED, code: Code::Conflict, message });
    }
    faults
}

/// A client without a credential has nothing that looks like one, and no grant that needs one (RFC 6749 section 4.4). It
/// may have a JWK set, which is for more than to authenticate (RFC 7591 section 2).
fn public<'a>(client: &'a ClientRecord, credentials: &'a [&'static str]) -> impl Iterator<Item = Fault> + 'a {
    let conflict = |field, message| Fault { field, code: Code::Conflict, message };
    let other = client.grant_types.iter().find(|grant| !names::PUBLIC_GRANTS.contains(&grant.as_str()));
    let grant = other.map(move |grant| {
        let own = names::PUBLIC_GRANTS.join(", ");
        let message = format!("the grant {} needs a credential; the method none uses {own}", shown(grant));
        conflict("grant_types", message)
    });
    let subjects = (!client.federated.is_empty()).then_some(&FEDERATED);
    let held = move |field: &&'static str| conflict(*field, "a client of the method none has no credential".to_owned());
    grant.into_iter().chain(credentials.iter().chain(subjects).map(held))
}

/// Printable ASCII without space, quote and backslash (RFC 6749 section 3.3).
fn is_scope(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Foreign text for a message: escaped, and cut after 100 characters.
pub fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(100).flat_map(char::escape_debug).collect();
    if text.chars().nth(100).is_some() {
        shown.push_str("...");
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}[31m"), "a\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(101)).len(), 103);
    }

    #[test]
    fn a_method_that_only_looks_like_ours_is_a_mistake_and_another_one_is_not() {
        let faults = |method: &str| {
            let client = ClientRecord {
                client_id: "c".to_owned(),
                auth_method: Some(method.to_owned()),
                ..ClientRecord::default()
            };
            client_faults(&client, &["client_secret"], &FetchSettings::default())
        };
        for good in ["private_key_jwt", "client_secret_basic", "client_secret_post", "tls_client_auth"] {
            assert_eq!(faults(good), [], "{good}");
        }
        for wrong in ["private-key-jwt", "private_key_jtw", "client_secret_base"] {
            assert!(faults(wrong).iter().any(|fault| fault.message.contains("did you mean")), "{wrong}");
        }
    }
}
