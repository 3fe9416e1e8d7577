//! Public URLs.
//!
//! A base URL is kept as it is written, because issuer and audiences are compared as exact strings; what
//! would make such a comparison fail (a trailing slash, white space) is refused.

use std::net::IpAddr;

use dropins_services::is_uri_text;

/// An absolute http or https URL without user-info, query, fragment and trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    text: String,
    https: bool,
    loopback: bool,
}

impl BaseUrl {
    /// Reads a URL; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err("has a character that URLs do not have");
        }
        let url = url::Url::parse(text).map_err(|_| "is not an absolute URL")?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err("is neither https: nor http:"),
        };
        if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
            return Err("has user-info");
        }
        if text.contains('?') {
            return Err("has a query");
        }
        if text.contains('#') {
            return Err("has a fragment");
        }
        if text.ends_with('/') {
            return Err("ends with a slash");
        }
        let host = url.host_str().unwrap_or_default();
        Ok(Self { text: text.to_owned(), https, loopback: is_loopback(host) })
    }

    /// `https://localhost:9443`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of a path that starts with a slash.
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// Whether it is https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether its host is this machine: `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }
}

/// Schemes whose URIs are code or content that a browser would take for this server's own.
const ACTIVE_SCHEMES: [&str; 4] = ["about", "blob", "data", "javascript"];

/// An absolute URI without user-info and fragment (RFC 6749 section 3.1.2), of a scheme that leads to a client. The
/// characters are checked here, because the parser repairs some and drops others.
pub fn is_redirect_uri(text: &str) -> bool {
    let leads = |url: url::Url| {
        url.username().is_empty() && url.password().is_none() && !ACTIVE_SCHEMES.contains(&url.scheme())
    };
    is_uri_text(text) && !text.contains('#') && url::Url::parse(text).is_ok_and(leads)
}

/// Whether the host is this machine: `localhost` or a loopback address.
pub fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_absolute_and_bare() {
        for text in ["https://localhost:9443", "http://127.0.0.1", "https://is.example.com/wso2", "http://[::1]:80"] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), text);
        }
        for (text, fault) in [
            ("localhost:9443", "neither"),
            ("/oauth2", "absolute"),
            ("https://", "absolute"),
            ("ftp://h", "neither"),
            ("https://h/", "slash"),
            ("https://h?a", "query"),
            ("https://h#a", "fragment"),
            ("https://u:p@h", "user-info"),
            (" https://h", "character"),
        ] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert!(error.contains(fault), "{text}: {error}");
        }
    }

    #[test]
    fn a_redirect_uri_leads_to_a_client_and_fits_into_a_header() {
        for good in ["https://c.example/cb?x=%20", "http://127.0.0.1:1/cb", "com.example.app:/cb", "custom://cb"] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "/cb",
            "https://c.example/cb#f",
            "https://c.example/\r\nSet-Cookie:x=1",
            "https://c.example/a\tb",
            " https://c.example/cb",
            "https://c.example/é",
            "https://a.example\\@b.example/",
            "https://a.example@b.example/",
            "https://c.example/%2",
            "https://c.example/<x>",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "blob:https://c.example/x",
            "about:blank",
        ] {
            assert!(!is_redirect_uri(bad), "{bad:?}");
        }
    }

    #[test]
    fn loopback_is_this_machine_only() {
        for (text, loopback) in [
            ("http://localhost", true),
            ("http://127.1.2.3:1", true),
            ("http://[::1]", true),
            ("http://localhost.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().is_loopback(), loopback, "{text}");
        }
    }
}
