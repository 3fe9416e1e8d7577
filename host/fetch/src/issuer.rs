//! What the fetches of one trusted issuer's keys need besides the common settings: how the set is found, whom to trust
//! for TLS, and the token that its host asks for.

use std::path::PathBuf;

use rustls_pki_types::CertificateDer;
use url::Url;

use dropins_keys::KeyPurpose;

/// The fetches of one issuer's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFetch {
    /// The issuer identifier, byte for byte.
    pub issuer: String,
    /// Whether the URL is that of the issuer's metadata, which name the URL of the set (OpenID Connect Discovery
    /// section 4).
    pub discovered: bool,
    /// The keys that count.
    pub purpose: KeyPurpose,
    /// The only authorities that are trusted for TLS, DER, if they are not the usual ones.
    pub roots: Option<Vec<CertificateDer<'static>>>,
    /// A file with a bearer token for the host of the keys.
    pub bearer_token_file: Option<PathBuf>,
}

impl IssuerFetch {
    /// Whether the bearer token is for this URL: a configured one, or one of the issuer's own origin. A URL that the
    /// metadata name elsewhere never sees it.
    pub(crate) fn trusts_with_token(&self, url: &Url) -> bool {
        let own = || Url::parse(&self.issuer).is_ok_and(|issuer| issuer.origin() == url.origin());
        !self.discovered || own()
    }
}

/// Where the metadata of an issuer are (OpenID Connect Discovery section 4.1).
#[must_use]
pub fn metadata_url(issuer: &str) -> String {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetch(discovered: bool) -> IssuerFetch {
        let issuer = "https://issuer.example/realm".to_owned();
        IssuerFetch { issuer, discovered, purpose: KeyPurpose::Signature, roots: None, bearer_token_file: None }
    }

    #[test]
    fn the_token_is_for_the_configured_url_or_the_origin_of_the_issuer() {
        let trusts = |discovered, url: &str| fetch(discovered).trusts_with_token(&Url::parse(url).unwrap());
        for url in ["https://issuer.example/keys", "https://issuer.example:443/"] {
            assert!(trusts(true, url), "{url}");
        }
        for url in ["https://issuer.example:8443/", "http://issuer.example/", "https://keys.issuer.example/"] {
            assert!(!trusts(true, url) && trusts(false, url), "{url}");
        }
    }

    #[test]
    fn the_metadata_are_below_the_issuer() {
        assert_eq!(metadata_url("https://a.example"), "https://a.example/.well-known/openid-configuration");
        assert_eq!(metadata_url("https://a.example/b/"), "https://a.example/b/.well-known/openid-configuration");
    }
}
