//! The tokens that this server signs: access tokens (RFC 9068) and id tokens (OpenID Connect Core section 2).
//!
//! All of them are ES256 under the home's token-signing key, whose public half stands in the server's JWKS.

use std::time::Duration;

use dropins_keys::{SigningError, SigningKey};
use serde_json::{Value, json};

use crate::reference::reference;

/// The algorithm of every token.
pub const ALGORITHM: &str = "ES256";

/// Signs tokens in the name of an issuer, at one instant.
pub struct Tokens<'a> {
    /// The signing key.
    pub key: &'a SigningKey,
    /// The issuer.
    pub issuer: &'a str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

impl Tokens<'_> {
    /// An access token for the client itself: subject and client are the same (RFC 9068 section 2.2).
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign.
    pub fn access_token(&self, client_id: &str, scope: &str, lifetime: Duration) -> Result<String, SigningError> {
        let mut claims = self.claims(client_id, self.issuer, lifetime);
        if let Some(claims) = claims.as_object_mut() {
            claims.insert("client_id".to_owned(), client_id.into());
            claims.insert("jti".to_owned(), format!("{}{}", reference(), reference()).into());
            if !scope.is_empty() {
                claims.insert("scope".to_owned(), scope.into());
            }
        }
        self.sign("at+jwt", &claims)
    }

    /// An id token about the client itself.
    ///
    /// # Errors
    /// [`SigningError`] when the key cannot sign.
    pub fn id_token(&self, client_id: &str, lifetime: Duration) -> Result<String, SigningError> {
        let claims = self.claims(client_id, client_id, lifetime);
        self.sign("JWT", &claims)
    }

    fn claims(&self, subject: &str, audience: &str, lifetime: Duration) -> Value {
        json!({
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": self.now,
            "exp": self.now.saturating_add(lifetime.as_secs()),
        })
    }

    fn sign(&self, typ: &str, claims: &Value) -> Result<String, SigningError> {
        let header = json!({ "alg": ALGORITHM, "typ": typ, "kid": self.key.thumbprint() });
        self.key.compact_jws(&header, claims)
    }
}
