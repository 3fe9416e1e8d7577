//! The metadata of an upstream (RFC 8414, OpenID Connect Discovery), as they are true for clients of this server.
//!
//! They are asked for once a minute at most; while the upstream is down, the last ones are served for an hour. URLs of the
//! upstream become ours; what leads nowhere here is left out; methods and algorithms are those that are taken here.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use dropins_config::JudgedEndpoint;
use dropins_protocol::names::NONE;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::headers::{Arrival, onward};
use crate::metadata_cache::{Document, Entry, MetadataError};
use crate::onward::Onward;
use crate::request::request_to;
use crate::routes::route;
use crate::upstream::Upstream;

/// How long metadata are not asked for again.
const FRESH: Duration = Duration::from_secs(60);
/// How long they are served although they cannot be had anew.
const STALE: Duration = Duration::from_secs(3600);
/// How long a failure is not tried again.
const FAILED: Duration = Duration::from_secs(5);
/// How long the upstream may take.
const WITHIN: Duration = Duration::from_secs(5);
/// The largest document, in bytes.
const MAX_BYTES: usize = 256 << 10;

/// Members that hold a URL although their name does not say so.
const URLS: [&str; 2] = ["check_session_iframe", "jwks_uri"];
/// What cannot be true any more: client certificates do not pass, and a signature is about the upstream's own document.
const UNTRUE: [&str; 2] = ["mtls_endpoint_aliases", "signed_metadata"];

/// What clients can prove themselves with here.
#[derive(Debug, Clone, Default)]
pub struct Methods {
    /// Authentication methods.
    pub methods: Vec<String>,
    /// Signature algorithms of assertions.
    pub algorithms: Vec<String>,
}

/// A document to be waited for.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Document, MetadataError>> + Send + 'a>>;

impl Upstream {
    /// The document at one of its metadata paths, as the upstream gives it.
    ///
    /// # Errors
    /// [`MetadataError`] when there is none, and none that is young enough.
    pub fn metadata<'a>(&'a self, path: &'a str) -> Asked<'a> {
        Box::pin(self.cached(path))
    }

    async fn cached(&self, path: &str) -> Result<Document, MetadataError> {
        // Held while the upstream is asked: however many wait, it is asked once.
        let mut entries = self.kept().metadata.0.lock().await;
        let now = Instant::now();
        let entry = entries.entry(path.to_owned()).or_insert_with(|| Entry { asked: now, good: None, error: None });
        let wait = if entry.error.is_some() { FAILED } else { FRESH };
        let is_new = entry.good.is_none() && entry.error.is_none();
        if is_new || now.duration_since(entry.asked) >= wait {
            match self.fetch(path).await {
                Ok(document) => (entry.good, entry.error) = (Some((now, document)), None),
                // The upstream itself says that it has none.
                Err(error @ MetadataError::Missing(_)) => (entry.good, entry.error) = (None, Some(error)),
                Err(error) => entry.error = Some(error),
            }
            entry.asked = now;
        }
        match (&entry.good, &entry.error) {
            (Some((since, document)), _) if now.duration_since(*since) < STALE => Ok(document.clone()),
            (_, Some(error)) => Err(error.clone()),
            _ => Err(MetadataError::Failed("it was not asked".to_owned())),
        }
    }

    async fn fetch(&self, path: &str) -> Result<Document, MetadataError> {
        let answer = timeout(WITHIN, self.ask(path)).await;
        answer.unwrap_or_else(|_| Err(MetadataError::Failed(format!("it did not answer {path} within {WITHIN:?}"))))
    }

    async fn ask(&self, path: &str) -> Result<Document, MetadataError> {
        let request = self.metadata_request(path);
        let request =
            request.ok_or_else(|| MetadataError::Failed("its address cannot be written as a URL".to_owned()))?;
        let (parts, mut body) = self.send(request).await.map_err(failed)?.into_parts();
        match parts.status {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(MetadataError::Missing(path.to_owned())),
            status => return Err(MetadataError::Failed(format!("it answers {path} with {status}"))),
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(failed)?;
            bytes.extend_from_slice(frame.data_ref().map(AsRef::as_ref).unwrap_or_default());
            if bytes.len() > MAX_BYTES {
                return Err(MetadataError::Failed(format!("{path} is larger than {MAX_BYTES} bytes")));
            }
        }
        serde_json::from_slice(&bytes).map_err(|error| MetadataError::Failed(format!("{path}: {error}")))
    }

    fn metadata_request(&self, path: &str) -> Option<Onward> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let headers = onward(&headers, &[], &Arrival { address: None, issuer: &self.config().issuer });
        let body = Empty::<Bytes>::new().map_err(|never| match never {}).boxed_unsync();
        request_to(self, Method::GET, path, headers, body)
    }

    /// The document as it is true here.
    pub fn rewritten(&self, mut document: Document, here: &Methods) -> Document {
        let config = self.config();
        UNTRUE.iter().for_each(|name| drop(document.remove(*name)));
        document.retain(|name, value| {
            let Some(path) = value.as_str().and_then(|url| self.path_of(url)) else { return true };
            *value = config.issuer.endpoint(&path).into();
            let bare = path.split(['?', '#']).next().unwrap_or_default();
            !is_url(name) || route(config, bare).is_some()
        });
        document.insert("issuer".to_owned(), config.issuer.as_str().into());
        for endpoint in JudgedEndpoint::ALL {
            let Some(url) = self.endpoint(endpoint) else { continue };
            document.insert(endpoint.key().to_owned(), url.into());
            // A pushed request is authenticated as at the token endpoint (RFC 9126 section 5).
            if endpoint == JudgedEndpoint::PushedRequests {
                continue;
            }
            let (methods, algorithms) = (
                format!("{}_auth_methods_supported", endpoint.key()),
                format!("{}_auth_signing_alg_values_supported", endpoint.key()),
            );
            let listed = document.get(&methods).and_then(Value::as_array);
            let public = listed.is_some_and(|listed| listed.iter().any(|method| method == NONE));
            let public = public && endpoint != JudgedEndpoint::Introspection;
            let taken: Vec<_> = here.methods.iter().map(String::as_str).chain(public.then_some(NONE)).collect();
            document.insert(methods, json!(taken));
            if here.algorithms.is_empty() {
                document.remove(&algorithms);
            } else {
                document.insert(algorithms, json!(here.algorithms));
            }
        }
        document
    }

    /// Path and query of a URL that leads to this upstream, by its own address or by the public one.
    pub(crate) fn path_of(&self, url: &str) -> Option<String> {
        let parse = |text: &str| url::Url::parse(text).ok().map(|url| url.origin());
        let origin = parse(url)?;
        let config = self.config();
        let ours = [config.target.as_str(), config.issuer.origin()];
        if !ours.into_iter().any(|ours| parse(ours).is_some_and(|ours| ours.is_tuple() && ours == origin)) {
            return None;
        }
        let rest = url.split_once("://")?.1;
        Some(rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/").to_owned())
    }
}

fn failed(error: impl std::fmt::Display) -> MetadataError {
    MetadataError::Failed(error.to_string())
}

/// Whether a member names a place for clients.
pub(crate) fn is_url(name: &str) -> bool {
    name.ends_with("_endpoint") || URLS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::tests::upstream;

    fn document() -> Document {
        let Value::Object(document) = json!({
            "issuer": "http://127.0.0.1:1",
            "authorization_endpoint": "http://127.0.0.1:1/auth",
            "jwks_uri": "http://127.0.0.1:1/jwks",
            "token_endpoint": "http://127.0.0.1:1/t",
            "revocation_endpoint": "http://127.0.0.1:1/revoke",
            "introspection_endpoint": "http://127.0.0.1:1/introspect",
            "registration_endpoint": "http://127.0.0.1:1/reg",
            "userinfo_endpoint": "https://elsewhere.example.com/me",
            "service_documentation": "http://127.0.0.1:1/docs",
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "token_endpoint_auth_signing_alg_values_supported": ["HS256"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "mtls_endpoint_aliases": { "token_endpoint": "http://127.0.0.1:1/t" },
            "signed_metadata": "eyJ",
            "scopes_supported": ["openid"],
        }) else {
            panic!("an object")
        };
        document
    }

    #[test]
    fn metadata_name_what_is_here_and_how_clients_are_authenticated_here() {
        let upstream = upstream(
            "revocation_endpoint = \"/r\"\nintrospection_endpoint = \"/introspect\"\npass = [\"/auth\", \"/jwks\"]",
        );
        let here = Methods { methods: vec!["private_key_jwt".to_owned()], algorithms: vec!["ES256".to_owned()] };
        let Value::Object(expected) = json!({
            "issuer": "https://as.example.com",
            "authorization_endpoint": "https://as.example.com/auth",
            "jwks_uri": "https://as.example.com/jwks",
            "token_endpoint": "https://as.example.com/t",
            "revocation_endpoint": "https://as.example.com/r",
            "introspection_endpoint": "https://as.example.com/introspect",
            "userinfo_endpoint": "https://elsewhere.example.com/me",
            "service_documentation": "https://as.example.com/docs",
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "revocation_endpoint_auth_methods_supported": ["private_key_jwt"],
            "revocation_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "introspection_endpoint_auth_methods_supported": ["private_key_jwt"],
            "introspection_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "scopes_supported": ["openid"],
        }) else {
            panic!("an object")
        };
        assert_eq!(upstream.rewritten(document(), &here), expected);
    }

    #[test]
    fn without_a_plug_in_for_assertions_no_algorithm_is_named() {
        let here = Methods { methods: vec!["client_secret_basic".to_owned()], algorithms: Vec::new() };
        let rewritten = upstream("").rewritten(document(), &here);
        assert!(!rewritten.contains_key("token_endpoint_auth_signing_alg_values_supported"));
        assert!(!rewritten.contains_key("revocation_endpoint"), "it leads nowhere here");
    }

    #[test]
    fn a_url_is_the_upstreams_by_its_own_or_by_the_public_origin() {
        let upstream = upstream("");
        assert_eq!(upstream.path_of("http://127.0.0.1:1/a?b=c").as_deref(), Some("/a?b=c"));
        assert_eq!(upstream.path_of("https://as.example.com").as_deref(), Some("/"));
        assert_eq!(upstream.path_of("https://AS.example.com:443/a").as_deref(), Some("/a"));
        for other in [
            "https://as.example.com.evil.example/a",
            "http://as.example.com/a",
            "http://127.0.0.1/a",
            "mailto:a@b",
            "/a",
        ] {
            assert_eq!(upstream.path_of(other), None, "{other}");
        }
    }
}
