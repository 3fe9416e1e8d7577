//! A client id that is the https URL of a document about the client, in normal form.
//!
//! Two spellings of one URL would be two clients, so only the normal form is such an id
//! (draft-ietf-oauth-client-id-metadata-document section 3). It has a path, and no fragment, user or dot segment.

use dropins_protocol::names::MAX_NAME;
use dropins_services::is_uri_text;
use url::{Host, Url};

/// A client id that is a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIdUrl(Url);

/// Why an id that looks like one is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotNormal {
    /// It is too long.
    #[error("it has more than {MAX_NAME} bytes")]
    TooLong,
    /// It cannot be a URL.
    #[error("it is no URL, or has a character that URLs do not have")]
    Malformed,
    /// It has a fragment.
    #[error("it has a fragment")]
    Fragment,
    /// It names a user.
    #[error("it has a user name or a password")]
    UserInfo,
    /// It has no path.
    #[error("it has no path besides `/`")]
    NoPath,
    /// It is another spelling of a URL.
    #[error("it is not in normal form: no dot segments, no default port, the host in lower case")]
    Spelling,
}

/// Whether the id looks like a URL: registered clients may have such an id, and others are looked for there.
pub fn is_url(client_id: &str) -> bool {
    client_id.starts_with("https://")
}

impl ClientIdUrl {
    /// Reads an id that [`is_url`].
    ///
    /// # Errors
    /// [`NotNormal`] says what is wrong with it.
    pub fn parse(client_id: &str) -> Result<Self, NotNormal> {
        if client_id.len() > MAX_NAME {
            return Err(NotNormal::TooLong);
        }
        if !is_url(client_id) || !is_uri_text(client_id) {
            return Err(NotNormal::Malformed);
        }
        let url = Url::parse(client_id).map_err(|_| NotNormal::Malformed)?;
        if url.fragment().is_some() {
            return Err(NotNormal::Fragment);
        }
        let (_, rest) = client_id.split_once("://").ok_or(NotNormal::Malformed)?;
        if rest.split(['/', '?']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(NotNormal::UserInfo);
        }
        if url.path() == "/" {
            return Err(NotNormal::NoPath);
        }
        if url.as_str() != client_id {
            return Err(NotNormal::Spelling);
        }
        Ok(Self(url))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Its host.
    pub fn host(&self) -> Option<Host<&str>> {
        self.0.host()
    }

    /// Its host as people read it, with a port that is not the usual one.
    pub fn authority(&self) -> &str {
        self.0.authority()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_in_normal_form_is_an_id() {
        for good in [
            "https://client.example/id.json",
            "https://client.example:8443/a/b?c=d",
            "https://client.example/a//b",
            "https://client.example/%41",
            "https://xn--bcher-kva.example/c",
            "https://[2001:db8::1]/c",
        ] {
            assert_eq!(ClientIdUrl::parse(good).map(|url| url.as_str().to_owned()).as_deref(), Ok(good));
        }
        let long = format!("https://c.example/{}", "x".repeat(MAX_NAME - 18));
        assert!(ClientIdUrl::parse(&long).is_ok());
        assert_eq!(ClientIdUrl::parse(&format!("{long}x")), Err(NotNormal::TooLong));
    }

    #[test]
    fn every_other_spelling_is_none() {
        for (bad, fault) in [
            ("http://client.example/c", NotNormal::Malformed),
            ("client.example/c", NotNormal::Malformed),
            ("HTTPS://client.example/c", NotNormal::Malformed),
            ("https://client.example/c d", NotNormal::Malformed),
            ("https://client.example/\\c", NotNormal::Malformed),
            ("https://b\u{fc}cher.example/c", NotNormal::Malformed),
            ("https://client.example/c#", NotNormal::Fragment),
            ("https://client.example/c#f", NotNormal::Fragment),
            ("https://u@client.example/c", NotNormal::UserInfo),
            ("https://@client.example/c", NotNormal::UserInfo),
            ("https://u:p@client.example/c", NotNormal::UserInfo),
            ("https://client.example", NotNormal::NoPath),
            ("https://client.example/", NotNormal::NoPath),
            ("https://client.example/?a", NotNormal::NoPath),
            ("https://client.example/a/../c", NotNormal::Spelling),
            ("https://client.example/./c", NotNormal::Spelling),
            ("https://client.example/a/%2E%2e/c", NotNormal::Spelling),
            ("https://client.example:443/c", NotNormal::Spelling),
            ("https://Client.example/c", NotNormal::Spelling),
            ("https://0x7f.1/c", NotNormal::Spelling),
            ("https:///client.example/c", NotNormal::Spelling),
        ] {
            assert_eq!(ClientIdUrl::parse(bad), Err(fault), "{bad}");
        }
    }
}
