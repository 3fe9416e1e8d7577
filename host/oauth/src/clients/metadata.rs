//! The metadata of a client as it describes itself (RFC 7591 section 2), and what becomes of it.
//!
//! JSON is read strictly. Unknown members are ignored; a known one of the wrong type, or with a value that
//! this server does not serve, is a fault that names it. `null` counts as absent (RFC 7592 section 2.2).

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use dropins_config::{Fault, is_loopback, is_redirect_uri, shown};
use dropins_protocol::ClientRecord;
use dropins_protocol::TokenAlgorithm;
use dropins_protocol::names::{AUTHORIZATION_CODE, NONE, OPENID, PRIVATE_KEY_JWT};
use dropins_store::grants::scope;

/// The property that `token_endpoint_allow_reuse_pvt_key_jwt` of WSO2 Identity Server is the inverse of.
pub const PREVENT_TOKEN_REUSE: &str = "PreventTokenReuse";
const ALLOW_REUSE: &str = "token_endpoint_allow_reuse_pvt_key_jwt";

/// Whose word the metadata are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grantor {
    /// The operator's: the registration came with the initial access token.
    Operator,
    /// No token: the endpoint is open.
    Open,
    /// The client's own: it came with its registration access token.
    Client,
    /// A document's at the URL that is the client's id; the caller narrows its grants and scopes.
    Document,
}

/// What can be chosen here.
#[derive(Debug, Clone)]
pub struct Offers {
    methods: Vec<String>,
    algorithms: Vec<String>,
}

impl Offers {
    /// These methods, the one of clients without a credential, and these signature algorithms.
    pub fn new(mut methods: Vec<String>, algorithms: Vec<String>) -> Self {
        methods.push(NONE.to_owned());
        Self { methods, algorithms }
    }
}

/// Why a text holds no metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// Not JSON by the strict rules.
    #[error("it is not valid JSON: {0}")]
    Json(String),
    /// Another JSON value.
    #[error("it must be a JSON object")]
    NotAnObject,
}

/// The members.
#[derive(Debug, Clone)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// Reads the text.
    ///
    /// # Errors
    /// [`MetadataError`] if it is no JSON object.
    pub fn parse(text: &[u8]) -> Result<Self, MetadataError> {
        match dropins_keys::parse_strict_json(text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(MetadataError::NotAnObject),
            Err(error) => Err(MetadataError::Json(error.to_string())),
        }
    }

    /// Whether there is a member of this name, `null` included.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Replaces the metadata in the record; says what cannot be served.
    pub fn apply(self, record: &mut ClientRecord, offers: &Offers, grantor: Grantor) -> Vec<Fault> {
        let faults = &mut Vec::new();
        if self.member("software_statement").is_some() && grantor != Grantor::Document {
            faults.push(Fault::new("software_statement", "this server trusts no issuer of software statements"));
        }
        record.name = self.text("client_name", faults);
        self.keys(record, faults);
        self.method(record, offers, grantor, faults);
        self.grants(record, grantor, faults);
        self.logout(record, faults);
        self.scopes(record, grantor, faults);
        self.id_token(record, faults);
        self.reuse(record, grantor, faults);
        std::mem::take(faults)
    }

    fn keys(&self, record: &mut ClientRecord, faults: &mut Vec<Fault>) {
        record.certificate = None;
        record.jwks_uri = self.text("jwks_uri", faults);
        record.jwks = self.member("jwks").map(ToString::to_string);
        if record.jwks.is_some() && record.jwks_uri.is_some() {
            faults.push(Fault::new("jwks", "jwks and jwks_uri exclude each other (RFC 7591 section 2)"));
        }
    }

    /// Without a method, a client with keys uses them; another one gets a secret (RFC 7591 section 2), or is public where
    /// there can be none.
    fn method(&self, record: &mut ClientRecord, offers: &Offers, grantor: Grantor, faults: &mut Vec<Fault>) {
        let field = "token_endpoint_auth_method";
        let has_keys = record.jwks.is_some() || record.jwks_uri.is_some();
        let default = match (has_keys, grantor) {
            (true, _) => PRIVATE_KEY_JWT,
            (false, Grantor::Document) => NONE,
            (false, _) => "client_secret_basic",
        };
        let method = self.text(field, faults).unwrap_or_else(|| default.to_owned());
        if !offers.methods.contains(&method) {
            faults.push(Fault::new(field, not_offered(&method, &offers.methods)));
        } else if method == PRIVATE_KEY_JWT && !has_keys {
            faults.push(Fault::new("jwks", "private_key_jwt needs the client's keys: register jwks or jwks_uri"));
        }
        record.auth_method = Some(method);

        let field = "token_endpoint_auth_signing_alg";
        record.signing_alg = self.text(field, faults);
        if let Some(algorithm) = record.signing_alg.as_ref().filter(|name| !offers.algorithms.contains(name)) {
            faults.push(Fault::new(field, not_offered(algorithm, &offers.algorithms)));
        }
    }

    /// Without grants, a client with redirect URIs is one for users (RFC 7591 section 2), another one is not.
    /// With its own token, a client keeps grants and adds none.
    fn grants(&self, record: &mut ClientRecord, grantor: Grantor, faults: &mut Vec<Fault>) {
        record.redirect_uris = self.texts("redirect_uris", faults).unwrap_or_default();
        check_uris("redirect_uris", &record.redirect_uris, faults);
        let default = if record.redirect_uris.is_empty() { "client_credentials" } else { AUTHORIZATION_CODE };
        let grants = self.texts("grant_types", faults).unwrap_or_else(|| vec![default.to_owned()]);
        let more = grants.iter().find(|grant| !record.grant_types.contains(grant));
        if let (Grantor::Client, Some(more)) = (grantor, more) {
            let message = format!("the client was not registered for `{}`", shown(more));
            faults.push(Fault::new("grant_types", message));
        }
        record.grant_types = grants;
        let with_code = record.grant_types.iter().any(|grant| grant == AUTHORIZATION_CODE);
        if with_code && record.redirect_uris.is_empty() {
            faults.push(Fault::new("redirect_uris", "the grant type authorization_code needs at least one"));
        }
        let response_types = self.texts("response_types", faults).unwrap_or_default();
        if let Some(other) = response_types.iter().find(|response_type| *response_type != "code") {
            faults.push(Fault::new("response_types", not_offered(other, &["code".to_owned()])));
        } else if !response_types.is_empty() && !with_code {
            faults.push(Fault::new("response_types", "code needs the grant type authorization_code"));
        }
    }

    /// Where users may be sent after signing out (OpenID Connect RP-Initiated Logout section 3.1).
    fn logout(&self, record: &mut ClientRecord, faults: &mut Vec<Fault>) {
        let member = "post_logout_redirect_uris";
        record.post_logout_redirect_uris = self.texts(member, faults).unwrap_or_default();
        check_uris(member, &record.post_logout_redirect_uris, faults);
    }

    /// Scopes are the operator's to grant: a client cannot grant itself more of them.
    fn scopes(&self, record: &mut ClientRecord, grantor: Grantor, faults: &mut Vec<Fault>) {
        let mut asked = scope::owned(&self.text("scope", faults).unwrap_or_default());
        match grantor {
            Grantor::Operator | Grantor::Document => {}
            Grantor::Open => asked.retain(|scope| scope == OPENID),
            Grantor::Client => {
                let own = |scope: &&String| *scope == OPENID || record.scopes.contains(scope);
                if let Some(more) = asked.iter().find(|scope| !own(scope)) {
                    let message = format!("the client was not registered for `{}`", shown(more));
                    faults.push(Fault::new("scope", message));
                }
            }
        }
        record.scopes = asked;
    }

    /// Left out, it is RS256 (OpenID Connect Dynamic Client Registration section 2); an ID token is always signed.
    fn id_token(&self, record: &mut ClientRecord, faults: &mut Vec<Fault>) {
        let field = "id_token_signed_response_alg";
        let name = self.text(field, faults);
        record.id_token_signed_response_alg = name.as_deref().and_then(TokenAlgorithm::parse);
        if let (Some(name), None) = (name, record.id_token_signed_response_alg) {
            faults.push(Fault::new(field, not_offered(&name, &TokenAlgorithm::NAMES.map(str::to_owned))));
        }
    }

    /// Replay protection is the operator's to lift: a client cannot lift its own, and a document is not even asked.
    fn reuse(&self, record: &mut ClientRecord, grantor: Grantor, faults: &mut Vec<Fault>) {
        if grantor == Grantor::Document {
            return;
        }
        let lifted = (PREVENT_TOKEN_REUSE.to_owned(), vec![false.to_string()]);
        let may_lift = grantor == Grantor::Operator || record.overrides.contains(&lifted);
        record.overrides.retain(|(property, _)| property != PREVENT_TOKEN_REUSE);
        let Some(allow) = self.typed::<bool>(ALLOW_REUSE, "true or false", faults) else { return };
        if allow && !may_lift {
            let message = "only a registration with the operator's initial access token may allow reuse";
            faults.push(Fault::new(ALLOW_REUSE, message));
        } else if record.auth_method.as_deref() == Some(PRIVATE_KEY_JWT) {
            record.overrides.push((PREVENT_TOKEN_REUSE.to_owned(), vec![(!allow).to_string()]));
        } else {
            faults.push(Fault::new(ALLOW_REUSE, "it has a meaning for private_key_jwt only"));
        }
    }

    fn member(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    fn typed<T: DeserializeOwned>(&self, name: &'static str, kind: &str, faults: &mut Vec<Fault>) -> Option<T> {
        let value = serde_json::from_value(self.member(name)?.clone());
        if value.is_err() {
            faults.push(Fault::new(name, format!("it must be {kind}")));
        }
        value.ok()
    }

    /// A text; an empty one counts as absent.
    pub fn text(&self, name: &'static str, faults: &mut Vec<Fault>) -> Option<String> {
        self.typed::<String>(name, "a string", faults).filter(|text| !text.is_empty())
    }

    fn texts(&self, name: &'static str, faults: &mut Vec<Fault>) -> Option<Vec<String>> {
        self.typed(name, "an array of strings", faults)
    }
}

fn not_offered(value: &str, offered: &[String]) -> String {
    format!("`{}` is not served here; choose one of: {}", shown(value), offered.join(", "))
}

fn check_uris(member: &'static str, uris: &[String], faults: &mut Vec<Fault>) {
    for uri in uris.iter().filter(|uri| !is_registrable(uri)) {
        let message = format!(
            "`{}` is neither an https: URI nor an http: URI of this machine (127.0.0.1, [::1], localhost), without a fragment",
            shown(uri)
        );
        faults.push(Fault::new(member, message));
    }
}

/// An https URI, or an http URI of the machine that the client runs on (RFC 8252 section 7.3).
fn is_registrable(uri: &str) -> bool {
    let Ok(url) = url::Url::parse(uri) else { return false };
    let local = || url.scheme() == "http" && url.host_str().is_some_and(is_loopback);
    is_redirect_uri(uri) && (url.scheme() == "https" || local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_are_https_or_of_this_machine() {
        for good in ["https://c.example/cb?x=1", "http://127.0.0.1:1/cb", "http://[::1]/", "http://localhost:8080/cb"] {
            assert!(is_registrable(good), "{good}");
        }
        for bad in [
            "",
            "/cb",
            "http://c.example/cb",
            "https://c.example/cb#",
            "https://user@c.example/cb",
            "https://a.example\\@b.example/",
            "javascript:alert(1)",
            "http://localhost.c.example/",
            "com.example.app:/cb",
            "data:text/html,x",
        ] {
            assert!(!is_registrable(bad), "{bad}");
        }
    }
}
