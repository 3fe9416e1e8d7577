//! What a registration must satisfy, whoever makes it.
//!
//! Faults name the member of RFC 7591 section 2 that is wrong. Keys are judged by the same reader as those of the
//! configuration, so that the directory never holds what `dropins check` would refuse in the file.

use dropins_keys::remote::{FetchSettings, JwksUrl};
use dropins_keys::{Algorithm, Severity};
use dropins_services::PublicKey as _;

use super::keys::ClientKeyMaterial;
use dropins_config::is_redirect_uri;
use dropins_protocol::names::{self, MAX_NAME, NONE, PRIVATE_KEY_JWT};
use dropins_store::clients::ClientRecord;

/// Something that keeps a client from being registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The member that is wrong, as RFC 7591 names it.
    pub field: &'static str,
    /// What is wrong and what is allowed.
    pub message: String,
}

impl Fault {
    /// A fault of this member.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// What is to be said about a registration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lint {
    /// Why it is refused.
    pub faults: Vec<Fault>,
    /// What its owner should know although it is accepted.
    pub warnings: Vec<String>,
}

impl Lint {
    fn fault(&mut self, field: &'static str, message: impl Into<String>) {
        self.faults.push(Fault::new(field, message));
    }
}

/// Judges a registration; `jwks` says which JWKS URIs may be fetched, `now` is in seconds since the Unix epoch.
pub fn lint(client: &ClientRecord, jwks: &FetchSettings, now: u64) -> Lint {
    let mut lint = Lint::default();
    let printable = client.client_id.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
    if client.client_id.is_empty() || client.client_id.len() > MAX_NAME || !printable {
        lint.fault("client_id", "it has 1 to 255 printable ASCII characters (RFC 6749 appendix A.1)");
    }
    if let Some(name) = client.name.as_ref().filter(|name| name.len() > MAX_NAME || name.contains(is_unseen)) {
        let allowed = "at most 255 bytes, without control characters, of line or of text direction";
        lint.fault("client_name", format!("it has {allowed}; this has {} bytes", name.len()));
    }
    for grant in client.grant_types.iter().filter(|grant| !names::GRANTS.contains(&grant.as_str())) {
        let known = names::GRANTS.join(", ");
        lint.fault("grant_types", format!("`{}` is none of {known}", shown(grant)));
    }
    for uri in client.redirect_uris.iter().filter(|uri| !is_redirect_uri(uri)) {
        lint.fault("redirect_uris", format!("`{}` is not an absolute URI without a fragment", shown(uri)));
    }
    for scope in client.scopes.iter().filter(|scope| !is_scope(scope)) {
        lint.fault("scope", format!("`{}` is not a scope token (RFC 6749 section 3.3)", shown(scope)));
    }
    let by_secret = client.auth_method.as_deref().is_some_and(|method| method.starts_with("client_secret_"));
    if by_secret && client.secret.is_none() {
        lint.fault("token_endpoint_auth_method", "the client authenticates by a secret and has none");
    }
    if let Some(Err(error)) = client.jwks_uri.as_ref().map(|uri| JwksUrl::parse(uri, jwks)) {
        lint.fault("jwks_uri", error.to_string());
    }
    if client.auth_method.as_deref() == Some(NONE) {
        public(client, &mut lint);
    }
    keys(client, now, &mut lint);
    lint
}

/// A client without a credential has nothing that looks like one, and no grant that needs one (RFC 6749 section 4.4).
fn public(client: &ClientRecord, lint: &mut Lint) {
    if let Some(grant) = client.grant_types.iter().find(|grant| !names::PUBLIC_GRANTS.contains(&grant.as_str())) {
        let own = names::PUBLIC_GRANTS.join(", ");
        lint.fault("grant_types", format!("a client of the method none uses only {own}, not `{}`", shown(grant)));
    }
    for (field, given) in [
        ("client_secret", client.secret.is_some()),
        ("certificate", client.certificate.is_some()),
        ("jwks", client.jwks.is_some()),
        ("jwks_uri", client.jwks_uri.is_some()),
        ("token_endpoint_auth_signing_alg", client.signing_alg.is_some()),
    ] {
        if given {
            lint.fault(field, "a client of the method none has no credential");
        }
    }
}

fn keys(client: &ClientRecord, now: u64, lint: &mut Lint) {
    let (keys, findings) = ClientKeyMaterial::of_record(client).read(now);
    for finding in findings {
        let field = if finding.source.starts_with("jwks") { "jwks" } else { "certificate" };
        match finding.severity {
            Severity::Error => lint.fault(field, finding.detail()),
            Severity::Warning => lint.warnings.push(finding.to_string()),
        }
    }
    if let Some(name) = &client.signing_alg {
        let field = "token_endpoint_auth_signing_alg";
        match Algorithm::parse(name) {
            None => {
                let known = Algorithm::ALL.map(Algorithm::name).join(", ");
                lint.fault(field, format!("`{}` is none of {known}", shown(name)));
            }
            Some(algorithm) => {
                let own = keys.own();
                if keys.jwks_uri().is_none() && !own.is_empty() && !own.iter().any(|key| key.fits(algorithm)) {
                    let known: Vec<_> = own.iter().map(|key| key.describe().thumbprint).collect();
                    lint.fault(field, format!("no registered key fits {algorithm} ({})", known.join(", ")));
                }
            }
        }
    }
    let wants_keys = client.auth_method.as_deref().map_or(client.secret.is_none(), |method| method == PRIVATE_KEY_JWT);
    if keys.in_keystore() && wants_keys {
        let message = "no key is registered: the keystore entry whose alias is the client id counts, if there is one";
        lint.warnings.push(message.to_owned());
    }
}

/// Control characters, and those that turn the direction of text (UAX #9): with them, a name could rearrange what the
/// consent page says around it.
fn is_unseen(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || character.is_control()
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
    use dropins_keys::remote::HostList;
    use dropins_keys::{KeyFamily, SigningKey};
    use dropins_protocol::SecretHash;

    fn client() -> ClientRecord {
        ClientRecord { client_id: "c".to_owned(), enabled: true, ..ClientRecord::default() }
    }

    fn jwks(family: KeyFamily) -> Option<String> {
        let jwk = SigningKey::generate(family).unwrap().public_jwk();
        Some(serde_json::json!({ "keys": [jwk] }).to_string())
    }

    #[test]
    fn a_complete_client_has_no_faults() {
        let client = ClientRecord {
            name: Some("A name, with ü".to_owned()),
            auth_method: Some(PRIVATE_KEY_JWT.to_owned()),
            signing_alg: Some("ES256".to_owned()),
            grant_types: names::GRANTS.map(str::to_owned).to_vec(),
            redirect_uris: vec!["https://c.example/cb?a=b".to_owned(), "com.example.app:/cb".to_owned()],
            scopes: vec!["openid".to_owned(), "api:read".to_owned()],
            jwks: jwks(KeyFamily::P256),
            jwks_uri: Some("https://c.example/jwks".to_owned()),
            ..client()
        };
        assert_eq!(lint(&client, &FetchSettings::default(), 0), Lint::default());
    }

    #[test]
    fn every_fault_names_its_member() {
        let with = |change: &dyn Fn(&mut ClientRecord)| {
            let mut client = client();
            change(&mut client);
            lint(
                &client,
                &FetchSettings { allow_http: HostList::parse(["intern"]).unwrap(), ..FetchSettings::default() },
                0,
            )
            .faults
            .into_iter()
            .map(|fault| fault.field)
            .collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(with(&|c| c.client_id = "ü".to_owned()), ["client_id"]);
        assert_eq!(with(&|c| c.client_id.clear()), ["client_id"]);
        assert_eq!(with(&|c| c.client_id = "x".repeat(256)), ["client_id"]);
        assert_eq!(with(&|c| c.client_id = "x".repeat(255)), [""; 0]);
        assert_eq!(with(&|c| c.name = text("a\nb")), ["client_name"]);
        assert_eq!(with(&|c| c.name = text("a\u{202e}b")), ["client_name"], "it turns what follows");
        assert_eq!(with(&|c| c.grant_types = vec!["password".to_owned()]), ["grant_types"]);
        assert_eq!(with(&|c| c.redirect_uris = vec!["https://a/#b".to_owned()]), ["redirect_uris"]);
        assert_eq!(with(&|c| c.scopes = vec!["a\"b".to_owned()]), ["scope"]);
        assert_eq!(with(&|c| c.auth_method = text("client_secret_post")), ["token_endpoint_auth_method"]);
        assert_eq!(with(&|c| c.signing_alg = text("HS256")), ["token_endpoint_auth_signing_alg"]);
        for uri in
            ["http://c.example/jwks", "https://u@c.example/jwks", "https://c.example/jwks#x", "jwks", "file:///x"]
        {
            assert_eq!(with(&|c| c.jwks_uri = text(uri)), ["jwks_uri"], "{uri}");
        }
        assert_eq!(with(&|c| c.jwks_uri = text("http://intern/jwks")), [""; 0]);
        assert_eq!(with(&|c| c.jwks = text("{\"keys\":[]}")), ["jwks"]);
        assert_eq!(with(&|c| c.certificate = text("no certificate")), ["certificate"]);
    }

    #[test]
    fn a_client_without_a_credential_has_nothing_that_looks_like_one() {
        let public = ClientRecord {
            auth_method: Some(NONE.to_owned()),
            grant_types: names::PUBLIC_GRANTS.map(str::to_owned).to_vec(),
            ..client()
        };
        assert_eq!(lint(&public, &FetchSettings::default(), 0), Lint::default());
        let with = |change: &dyn Fn(&mut ClientRecord)| {
            let mut client = public.clone();
            change(&mut client);
            let faults = lint(&client, &FetchSettings::default(), 0).faults;
            faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(with(&|c| c.grant_types.push("client_credentials".to_owned())), ["grant_types"]);
        assert_eq!(with(&|c| c.jwks = jwks(KeyFamily::P256)), ["jwks"]);
        assert_eq!(with(&|c| c.jwks_uri = text("https://c.example/jwks")), ["jwks_uri"]);
        assert_eq!(with(&|c| c.signing_alg = text("ES256")), ["token_endpoint_auth_signing_alg"]);
        let key = SigningKey::generate(KeyFamily::P256).unwrap();
        assert_eq!(with(&|c| c.certificate = Some(key.public_key_pem().unwrap())), ["certificate"]);
        assert_eq!(with(&|c| c.secret = Some(SecretHash::of("s").unwrap())), ["client_secret"]);
    }

    #[test]
    fn an_algorithm_that_no_key_fits_is_refused_unless_more_keys_are_published() {
        let mut client =
            ClientRecord { signing_alg: Some("RS256".to_owned()), jwks: jwks(KeyFamily::P256), ..client() };
        assert_eq!(lint(&client, &FetchSettings::default(), 0).faults[0].field, "token_endpoint_auth_signing_alg");
        client.jwks_uri = Some("https://c.example/jwks".to_owned());
        assert_eq!(lint(&client, &FetchSettings::default(), 0), Lint::default());
    }

    #[test]
    fn a_client_without_keys_is_warned_about_the_keystore() {
        let client = ClientRecord { auth_method: Some(PRIVATE_KEY_JWT.to_owned()), ..client() };
        let lint = lint(&client, &FetchSettings::default(), 0);
        assert!(lint.faults.is_empty() && lint.warnings[0].contains("keystore"), "{lint:?}");
    }

    #[test]
    fn foreign_text_is_escaped_and_cut() {
        assert_eq!(shown("a\u{1b}[31m"), "a\\u{1b}[31m");
        assert_eq!(shown(&"x".repeat(101)).len(), 103);
    }
}
