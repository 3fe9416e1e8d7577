//! What of an upstream's metadata does not fit to what the file says about it, for `dropins check`.

use dropins_config::JudgedEndpoint;
use serde_json::{Map, Value};

use crate::metadata::is_url;
use crate::routes::route;
use crate::upstream::Upstream;

/// The method of a server that does not say which it takes (RFC 8414 section 2).
const DEFAULT_METHOD: &str = "client_secret_basic";

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The upstream has another issuer.
    #[error("it calls itself `{there}`, and clients are told `{here}`: they reject its tokens; give it this issuer")]
    Issuer {
        /// The issuer of its metadata.
        there: String,
        /// The issuer of the file.
        here: String,
    },
    /// An endpoint has another path there.
    #[error("its {endpoint} is {there}, and the file says {here}")]
    Endpoint {
        /// The endpoint's key.
        endpoint: &'static str,
        /// Where it is.
        there: String,
        /// The path of the file.
        here: String,
    },
    /// An endpoint of the file is not in its metadata.
    #[error("it names no {0}")]
    Unnamed(&'static str),
    /// It does not take the credential at this endpoint.
    #[error("its {endpoint} takes {there}, and not the credential `{here}`")]
    Credential {
        /// The endpoint's key.
        endpoint: &'static str,
        /// What it takes.
        there: String,
        /// The credential of the file.
        here: &'static str,
    },
    /// It has an endpoint to which no request passes.
    #[error("its {member} {path} leads nowhere here: add it to `pass` if clients need it")]
    NotPassed {
        /// The member of the metadata.
        member: String,
        /// Its path.
        path: String,
    },
}

/// What does not fit, in the order of the endpoints and then of the document.
pub fn misfits(upstream: &Upstream, document: &Map<String, Value>) -> Vec<Misfit> {
    let config = upstream.config();
    let mut misfits = Vec::new();
    let issuer = document.get("issuer").and_then(Value::as_str).unwrap_or_default();
    if issuer != config.issuer.as_str() {
        misfits.push(Misfit::Issuer { there: issuer.to_owned(), here: config.issuer.as_str().to_owned() });
    }
    for endpoint in JudgedEndpoint::ALL {
        let Some(here) = config.judged.path(endpoint) else { continue };
        let key = endpoint.key();
        match document.get(key).and_then(Value::as_str) {
            None => misfits.push(Misfit::Unnamed(key)),
            Some(url) if upstream.path_of(url).as_deref() != Some(here) => {
                misfits.push(Misfit::Endpoint { endpoint: key, there: url.to_owned(), here: here.to_owned() });
            }
            Some(_) => {}
        }
        let listed = document.get(&format!("{key}_auth_methods_supported")).and_then(Value::as_array);
        let takes: Vec<&str> = match listed {
            Some(listed) => listed.iter().filter_map(Value::as_str).collect(),
            None if endpoint == JudgedEndpoint::Token => vec![DEFAULT_METHOD],
            None => continue,
        };
        let credential = config.credential.as_str();
        if config.credential.needs_secret() && !takes.contains(&credential) {
            misfits.push(Misfit::Credential { endpoint: key, there: takes.join(", "), here: credential });
        }
    }
    let judged = |name: &str| {
        JudgedEndpoint::ALL.iter().any(|endpoint| endpoint.key() == name && config.judged.path(*endpoint).is_some())
    };
    for (member, url) in document.iter().filter(|(name, _)| is_url(name) && !judged(name)) {
        let Some(path) = url.as_str().and_then(|url| upstream.path_of(url)) else { continue };
        let bare = path.split(['?', '#']).next().unwrap_or_default();
        if route(config, bare).is_none() {
            misfits.push(Misfit::NotPassed { member: member.clone(), path });
        }
    }
    misfits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::upstream::tests::upstream;

    fn said(lines: &str, document: &Value) -> Vec<String> {
        misfits(&upstream(lines), document.as_object().unwrap()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_upstream_that_fits_is_passed_over_in_silence() {
        let document = json!({
            "issuer": "https://as.example.com", "token_endpoint": "https://as.example.com/t",
            "authorization_endpoint": "http://127.0.0.1:1/auth", "userinfo_endpoint": "https://elsewhere.example.com/",
        });
        assert_eq!(said("pass = [\"/auth\"]", &document), Vec::<String>::new());
    }

    #[test]
    fn everything_that_does_not_fit_is_named() {
        let document = json!({
            "issuer": "http://127.0.0.1:1", "token_endpoint": "http://127.0.0.1:1/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "jwks_uri": "http://127.0.0.1:1/jwks",
        });
        let said = said("revocation_endpoint = \"/r\"", &document);
        let expected = [
            "it calls itself `http://127.0.0.1:1`",
            "its token_endpoint is http://127.0.0.1:1/token, and the file says /t",
            "its token_endpoint takes client_secret_post, and not the credential `client_secret_basic`",
            "it names no revocation_endpoint",
            "its jwks_uri /jwks leads nowhere here",
        ];
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for (said, expected) in said.iter().zip(expected) {
            assert!(said.starts_with(expected), "{said}");
        }
    }
}
