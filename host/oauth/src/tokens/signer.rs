//! Signs tokens in the name of an issuer: access tokens (RFC 9068) and id tokens (OpenID Connect Core section 2).

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_keys::SigningError;
use dropins_protocol::{AccessToken, TokenAlgorithm};
use serde_json::{Map, Value};

use super::key_ring::KeyRing;

/// The media type of an access token, as in its header (RFC 9068 section 2.1).
pub(super) const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// The type of an id token, as in its header.
pub(super) const ID_TOKEN_TYPE: &str = "JWT";

/// Signs tokens in the name of an issuer, at one instant.
pub struct TokenSigner<'a> {
    /// The signing keys.
    pub ring: Arc<KeyRing>,
    /// The algorithm of access tokens.
    pub access_token_signing_alg: TokenAlgorithm,
    /// The issuer.
    pub issuer: &'a str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// What an id token says.
#[derive(Debug, Clone, Copy)]
pub struct IdToken<'a> {
    /// What the client registered as `id_token_signed_response_alg`.
    pub algorithm: TokenAlgorithm,
    /// The user, or the client itself.
    pub subject: &'a str,
    /// The client: the only audience, so that there is no `azp`.
    pub client_id: &'a str,
    /// The `nonce` of the authorization request.
    pub nonce: Option<&'a str>,
    /// When the user logged in, seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// The access token that it comes with, for `at_hash`.
    pub access_token: Option<&'a str>,
    /// How long it is valid.
    pub validity: Duration,
}

impl TokenSigner<'_> {
    /// Signs an access token; its audience is the issuer, who also introspects it.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign.
    pub fn access_token(&self, token: &AccessToken) -> Result<String, SigningError> {
        let mut claims = self.claims(&token.subject, self.issuer, token.issued_at, token.expires_at);
        claims.insert("client_id".to_owned(), token.client_id.as_str().into());
        claims.insert("jti".to_owned(), token.id.as_str().into());
        if !token.scope.is_empty() {
            claims.insert("scope".to_owned(), token.scope.join(" ").into());
        }
        if let Some(time) = token.auth_time {
            claims.insert("auth_time".to_owned(), time.into());
        }
        self.ring.sign(self.access_token_signing_alg, self.now, ACCESS_TOKEN_TYPE, claims)
    }

    /// Signs an id token.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign.
    pub fn id_token(&self, token: &IdToken<'_>) -> Result<String, SigningError> {
        let expires_at = self.now.saturating_add(token.validity.as_secs());
        let mut claims = self.claims(token.subject, token.client_id, self.now, expires_at);
        if let Some(nonce) = token.nonce {
            claims.insert("nonce".to_owned(), nonce.into());
        }
        if let Some(time) = token.auth_time {
            claims.insert("auth_time".to_owned(), time.into());
        }
        if let Some(access_token) = token.access_token {
            claims.insert("at_hash".to_owned(), at_hash(access_token).into());
        }
        self.ring.sign(token.algorithm, self.now, ID_TOKEN_TYPE, claims)
    }

    fn claims(&self, subject: &str, audience: &str, issued_at: u64, expires_at: u64) -> Map<String, Value> {
        let claims: [(&str, Value); 5] = [
            ("iss", self.issuer.into()),
            ("sub", subject.into()),
            ("aud", audience.into()),
            ("iat", issued_at.into()),
            ("exp", expires_at.into()),
        ];
        claims.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}

/// The left half of the hash of an access token (OpenID Connect Core section 3.1.3.6): SHA-256 for both algorithms.
fn at_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    let half = hash.as_ref().get(..16).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(half)
}
