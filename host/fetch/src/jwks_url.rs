//! A URL from which a JWK set may be fetched, as far as its text shows.
//!
//! The host is parsed by the URL standard, so every notation of an address is that address. The addresses of a name are
//! checked when the connection is made.

use http::Uri;
use url::{Host, Url};

use super::address::{self, Reach};
use super::settings::FetchSettings;

/// The longest URL, in bytes.
const MAX_BYTES: usize = 2048;

/// A URL that may be fetched under the settings that it was parsed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JwksUrl {
    url: Url,
    uri: Uri,
    source: String,
}

/// Why a URL is not fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwksUrlError {
    /// It is too long.
    #[error("it has {0} bytes, allowed are {MAX_BYTES}")]
    TooLong(usize),
    /// URL readers drop or reinterpret such characters.
    #[error("it holds white space, a control character or a backslash")]
    Character,
    /// It is not an absolute URL.
    #[error("it is not an absolute URL with a host that exists")]
    Malformed,
    /// It is neither `https:` nor `http:`.
    #[error("it is not an https: URL")]
    Scheme,
    /// It is `http:`, for a host that is not listed.
    #[error("it is an http: URL, and its host is not listed in oauth.jwks_endpoint.allow_http_hosts")]
    Plain,
    /// It names a user.
    #[error("it holds a user name or a password")]
    UserInfo,
    /// It has a fragment.
    #[error("it has a fragment")]
    Fragment,
    /// Its host is on this machine or in its network, and is not listed.
    #[error(
        "its host is private, and is not in allowed_private_hosts of [oauth.jwks_endpoint], or of [oauth.client_id_metadata] \
         if the client id is a URL"
    )]
    Private,
    /// Its host is never the address of a key server.
    #[error(
        "its host is an address that is never fetched from: link-local, multicast, reserved or of a cloud's metadata"
    )]
    Reserved,
}

impl JwksUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// [`JwksUrlError`] completes the sentence "the JWKS URI cannot be used: …".
    pub fn parse(text: &str, settings: &FetchSettings) -> Result<Self, JwksUrlError> {
        if text.len() > MAX_BYTES {
            return Err(JwksUrlError::TooLong(text.len()));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(JwksUrlError::Character);
        }
        let url = Url::parse(text).map_err(|_| JwksUrlError::Malformed)?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(JwksUrlError::Scheme),
        };
        // The standard tolerates `https:host` and drops an empty user; a configuration must be unambiguous.
        let (_, rest) = text.split_once("://").ok_or(JwksUrlError::Malformed)?;
        if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(JwksUrlError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(JwksUrlError::Fragment);
        }
        let host = url.host().ok_or(JwksUrlError::Malformed)?;
        check_host(&host, settings)?;
        if !https && !settings.allow_http.holds(&host) {
            return Err(JwksUrlError::Plain);
        }
        let uri = url.as_str().parse().map_err(|_| JwksUrlError::Malformed)?;
        let mut shown = url.clone();
        shown.set_query(None);
        Ok(Self { source: format!("jwks_uri:{shown}"), uri, url })
    }

    /// The URL in its normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// How keys and log lines name it: `jwks_uri:https://host/path`, without the query, which may hold a secret.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }
}

/// Connectors resolve names only, so an address in the URL is checked here.
fn check_host(host: &Host<&str>, settings: &FetchSettings) -> Result<(), JwksUrlError> {
    let reach = match host {
        Host::Ipv4(address) => address::reach((*address).into()),
        Host::Ipv6(address) => address::reach((*address).into()),
        Host::Domain(name) if is_localhost(name) => Reach::Private,
        Host::Domain(_) => Reach::Public,
    };
    match reach {
        Reach::Public => Ok(()),
        Reach::Private if settings.allow_private.holds(host) => Ok(()),
        Reach::Private => Err(JwksUrlError::Private),
        Reach::Never => Err(JwksUrlError::Reserved),
    }
}

/// RFC 6761 section 6.3.
fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests;
