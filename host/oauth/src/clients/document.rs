//! A client metadata document, read: the client that it describes, within what the operator allows such clients.
//!
//! It is judged by the rules of registration. It describes a client with keys or a public one, never one with a secret;
//! what would give the client more than `[oauth.client_id_metadata]` does is ignored.

use dropins_config::{ClientIdMetadata, Fault};
use dropins_fetch::FetchSettings;
use dropins_keys::Algorithm;
use dropins_keys::keystore::CertificateStores;
use dropins_protocol::ClientRecord;
use dropins_protocol::names::{OPENID, PRIVATE_KEY_JWT};

use super::client_id_url::ClientIdUrl;
use super::lint::lint;
use super::metadata::{Grantor, Metadata, MetadataError, Offers};

/// Faults of a document that are named; the rest would be foreign text without end.
const MAX_FAULTS: usize = 5;

/// Members about a shared secret; a public document cannot hold one (section 4.1 of the draft).
const SECRETS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Why a document describes no client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDocument {
    /// Not a JSON object.
    #[error(transparent)]
    Malformed(#[from] MetadataError),
    /// It is about another client.
    #[error("its client_id is not the URL that it is at, byte for byte")]
    OtherClient,
    /// It breaks rules.
    #[error("{}", shown(.0))]
    Faults(Vec<Fault>),
}

fn shown(faults: &[Fault]) -> String {
    let texts: Vec<_> = faults.iter().take(MAX_FAULTS).map(ToString::to_string).collect();
    texts.join("; ")
}

/// The client that the document at this URL describes; `now` is in seconds since the Unix epoch.
///
/// # Errors
/// [`BadDocument`] says why it describes none.
pub(super) fn read(
    url: &ClientIdUrl,
    body: &[u8],
    policy: &ClientIdMetadata,
    fetches: &FetchSettings,
    now: u64,
) -> Result<ClientRecord, BadDocument> {
    let metadata = Metadata::parse(body)?;
    let mut faults = Vec::new();
    if metadata.text("client_id", &mut faults).as_deref() != Some(url.as_str()) {
        return Err(BadDocument::OtherClient);
    }
    let secrets = SECRETS.into_iter().filter(|member| metadata.has(member));
    faults.extend(secrets.map(|member| Fault::new(member, "a document cannot hold a secret: leave it out")));
    let asks_for_scopes = metadata.has("scope");
    let mut record = ClientRecord { client_id: url.as_str().to_owned(), enabled: true, ..ClientRecord::default() };
    let methods = vec![PRIVATE_KEY_JWT.to_owned()];
    let algorithms = Algorithm::ALL.map(|algorithm| algorithm.name().to_owned()).to_vec();
    faults.extend(metadata.apply(&mut record, &Offers::new(methods, algorithms), Grantor::Document));
    narrow(&mut record, policy, asks_for_scopes, &mut faults);
    faults.extend(lint(&record, fetches, &[], &CertificateStores::default(), now).faults);
    if faults.is_empty() { Ok(record) } else { Err(BadDocument::Faults(faults)) }
}

/// Leaves the client the grants and scopes that the operator allows; it may ask for all of them if it names none.
fn narrow(record: &mut ClientRecord, policy: &ClientIdMetadata, asks_for_scopes: bool, faults: &mut Vec<Fault>) {
    record.grant_types.retain(|grant| policy.grant_types.contains(grant));
    if record.grant_types.is_empty() {
        let allowed = policy.grant_types.join(", ");
        faults.push(Fault::new("grant_types", format!("such clients may use {allowed}, and it names none of them")));
    }
    match asks_for_scopes {
        true => record.scopes.retain(|scope| scope == OPENID || policy.scopes.contains(scope)),
        false => record.scopes.clone_from(&policy.scopes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dropins_keys::{KeyFamily, SigningKey};
    use serde_json::{Value, json};

    const URL: &str = "https://client.example/id.json";

    fn policy() -> ClientIdMetadata {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        ClientIdMetadata {
            scopes: texts(&["openid", "read"]),
            grant_types: texts(&["authorization_code", "refresh_token"]),
            ..ClientIdMetadata::default()
        }
    }

    fn read_with(policy: &ClientIdMetadata, document: &Value) -> Result<ClientRecord, BadDocument> {
        let url = ClientIdUrl::parse(URL).unwrap();
        read(&url, document.to_string().as_bytes(), policy, &FetchSettings::default(), 0)
    }

    fn with(change: impl FnOnce(&mut Value)) -> Result<ClientRecord, BadDocument> {
        let mut document =
            json!({ "client_id": URL, "client_name": "A", "redirect_uris": ["https://client.example/cb"] });
        change(&mut document);
        read_with(&policy(), &document)
    }

    fn field(result: Result<ClientRecord, BadDocument>) -> &'static str {
        match result {
            Err(BadDocument::Faults(faults)) => faults[0].field,
            other => panic!("{other:?}"),
        }
    }

    fn jwks() -> Value {
        json!({ "keys": [SigningKey::generate(KeyFamily::P256).unwrap().public_jwk()] })
    }

    #[test]
    fn a_document_describes_a_public_client_or_one_with_keys() {
        let public = with(|_| {}).unwrap();
        assert_eq!(
            (public.auth_method.as_deref(), public.grant_types.join(" ").as_str()),
            (Some("none"), "authorization_code")
        );
        let keys = with(|document| document["jwks"] = jwks()).unwrap();
        assert_eq!(keys.auth_method.as_deref(), Some("private_key_jwt"));
        let uri = with(|document| document["jwks_uri"] = "https://client.example/jwks".into()).unwrap();
        assert_eq!(uri.jwks_uri.as_deref(), Some("https://client.example/jwks"));
    }

    #[test]
    fn a_secret_a_symmetric_method_and_a_private_key_are_faults() {
        for secret in ["client_secret", "client_secret_expires_at"] {
            assert_eq!(field(with(|document| document[secret] = json!(null))), secret);
        }
        for method in ["client_secret_basic", "client_secret_post", "client_secret_jwt", "tls_client_auth"] {
            let result = with(|document| document["token_endpoint_auth_method"] = method.into());
            assert_eq!(field(result), "token_endpoint_auth_method", "{method}");
        }
        let keyless = with(|document| document["token_endpoint_auth_method"] = "private_key_jwt".into());
        assert_eq!(field(keyless), "jwks");
        let symmetric = json!({ "keys": [{ "kty": "oct", "k": "c2VjcmV0" }] });
        assert_eq!(field(with(|document| document["jwks"] = symmetric)), "jwks");
        let hs256 = with(|document| {
            document["jwks"] = jwks();
            document["token_endpoint_auth_signing_alg"] = "HS256".into();
        });
        assert_eq!(field(hs256), "token_endpoint_auth_signing_alg");
        let plain = with(|document| document["jwks_uri"] = "http://client.example/jwks".into());
        assert_eq!(field(plain), "jwks_uri");
    }

    #[test]
    fn a_document_of_another_client_or_none_at_all_is_rejected() {
        for other in
            [json!("https://client.example/id.json/"), json!("https://client.example/id"), json!(null), json!(5)]
        {
            assert_eq!(with(|document| document["client_id"] = other), Err(BadDocument::OtherClient));
        }
        let url = ClientIdUrl::parse(URL).unwrap();
        for text in ["", "[]", "<html>", "{\"client_id\":\"a\",\"client_id\":\"b\"}"] {
            let result = read(&url, text.as_bytes(), &policy(), &FetchSettings::default(), 0);
            assert!(matches!(result, Err(BadDocument::Malformed(_))), "{text}");
        }
    }

    #[test]
    fn what_would_weaken_the_rules_is_ignored() {
        let greedy = with(|document| {
            document["jwks"] = jwks();
            document["scope"] = "openid read admin".into();
            document["grant_types"] = json!(["authorization_code", "client_credentials", "implicit"]);
            document["token_endpoint_allow_reuse_pvt_key_jwt"] = true.into();
            document["software_statement"] = "eyJ".into();
            document["unknown"] = json!({});
        });
        let client = greedy.unwrap();
        assert_eq!(
            (client.scopes.join(" ").as_str(), client.grant_types.join(" ").as_str()),
            ("openid read", "authorization_code")
        );
        assert_eq!(client.overrides, []);
        let silent = with(|_| {}).unwrap();
        assert_eq!(silent.scopes, policy().scopes, "a document without a scope may ask for all");
        assert_eq!(field(with(|document| document["grant_types"] = json!(["client_credentials"]))), "grant_types");
        let mut listed = policy();
        listed.grant_types.push("client_credentials".to_owned());
        let document = json!({ "client_id": URL, "jwks": jwks(), "grant_types": ["client_credentials"] });
        assert_eq!(read_with(&listed, &document).unwrap().grant_types, ["client_credentials"]);
    }

    #[test]
    fn redirect_uris_are_those_that_can_be_registered() {
        for bad in ["com.example.app:/cb", "http://client.example/cb", "https://client.example/cb#f"] {
            assert_eq!(field(with(|document| document["redirect_uris"] = json!([bad]))), "redirect_uris", "{bad}");
        }
        assert!(with(|document| document["redirect_uris"] = json!(["http://127.0.0.1:33418/"])).is_ok());
        let nowhere = with(|document| document["redirect_uris"] = json!([]));
        assert_eq!(field(nowhere), "grant_types", "no grant is left that needs no user");
    }
}
