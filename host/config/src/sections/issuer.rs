//! The issuer of another server, as its clients see it.
//!
//! It is kept as it is written, because issuers are compared as exact strings (RFC 8414 section 3.3). The URL of an
//! endpoint is its origin with the endpoint's path.

use crate::sections::url::BaseUrl;

/// An issuer identifier, https: or on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    /// Length of scheme and authority.
    origin: usize,
    https: bool,
}

impl Issuer {
    /// Reads an issuer; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        // Some servers have one slash at the end of their issuer.
        let url = BaseUrl::parse(text.strip_suffix('/').unwrap_or(text))?;
        if !url.is_https() && !url.is_loopback() {
            return Err("is http:, which is for this machine only");
        }
        let authority = text.find("://").map_or(0, |at| at + 3);
        let origin = text.get(authority..).and_then(|rest| rest.find('/')).map_or(text.len(), |at| authority + at);
        Ok(Self { text: text.to_owned(), origin, https: url.is_https() })
    }

    /// `https://as.example.com/realms/demo`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `https://as.example.com`.
    pub fn origin(&self) -> &str {
        self.text.get(..self.origin).unwrap_or_default()
    }

    /// `as.example.com`, with its port where it is written.
    pub fn authority(&self) -> &str {
        self.origin().split_once("://").map_or("", |(_, authority)| authority)
    }

    /// `/realms/demo`; empty when there is none. Without a slash at its end.
    pub fn path(&self) -> &str {
        let path = self.text.get(self.origin..).unwrap_or_default();
        path.strip_suffix('/').unwrap_or(path)
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        if self.https { "https" } else { "http" }
    }

    /// The URL of the endpoint at this path.
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.origin())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_kept_as_it_is_written_and_has_an_origin_and_a_path() {
        for (text, origin, path) in [
            ("https://as.example.com", "https://as.example.com", ""),
            ("https://as.example.com/", "https://as.example.com", ""),
            ("https://as.example.com:8443/realms/demo", "https://as.example.com:8443", "/realms/demo"),
            ("http://127.0.0.1:8080/a/", "http://127.0.0.1:8080", "/a"),
        ] {
            let issuer = Issuer::parse(text).unwrap();
            assert_eq!((issuer.as_str(), issuer.origin(), issuer.path()), (text, origin, path));
            assert_eq!(issuer.endpoint("/token"), format!("{origin}/token"));
            assert_eq!(format!("{}://{}", issuer.scheme(), issuer.authority()), origin);
        }
    }

    #[test]
    fn what_clients_could_not_compare_or_trust_is_no_issuer() {
        for text in
            ["as.example.com", "http://as.example.com", "https://as.example.com//", "https://h?a", "https://u@h"]
        {
            assert!(Issuer::parse(text).is_err(), "{text}");
        }
    }
}
