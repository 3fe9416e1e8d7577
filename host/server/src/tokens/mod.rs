//! The tokens that this server signs: access tokens (RFC 9068) and id tokens (OpenID Connect Core section 2).
//!
//! All of them are ES256 under the current one of the home's token-signing keys, whose public halves stand in the
//! server's JWKS.

mod files;
mod ring;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_keys::{SigningError, SigningKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use files::{FileError, Rotation, rotate};
pub use ring::Ring;
pub use watch::{SigningKeys, Watch};

/// The algorithm of every token.
pub const ALGORITHM: &str = "ES256";

/// The media type of an access token, as in its header (RFC 9068 section 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// Signs tokens in the name of an issuer, at one instant.
pub struct Tokens<'a> {
    /// The signing key.
    pub key: Arc<SigningKey>,
    /// The issuer.
    pub issuer: &'a str,
    /// Seconds since the Unix epoch.
    pub now: u64,
}

/// What an access token says, whether it is signed or opaque.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The token's own id, `jti`.
    pub id: String,
    /// The client that it was issued to.
    pub client_id: String,
    /// The user, or the client itself (RFC 9068 section 2.2).
    pub subject: String,
    /// What it is good for.
    pub scope: Vec<String>,
    /// When the user logged in, seconds since the Unix epoch.
    pub auth_time: Option<u64>,
    /// Seconds since the Unix epoch.
    pub issued_at: u64,
    /// Seconds since the Unix epoch.
    pub expires_at: u64,
}

/// What an id token says.
#[derive(Debug, Clone, Copy)]
pub struct IdToken<'a> {
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

impl Tokens<'_> {
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
        self.sign(ACCESS_TOKEN_TYPE, claims)
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
        self.sign("JWT", claims)
    }

    fn claims(&self, subject: &str, audience: &str, issued_at: u64, expires_at: u64) -> Map<String, Value> {
        let claims = json!({
            "iss": self.issuer,
            "sub": subject,
            "aud": audience,
            "iat": issued_at,
            "exp": expires_at,
        });
        claims.as_object().cloned().unwrap_or_default()
    }

    fn sign(&self, typ: &str, claims: Map<String, Value>) -> Result<String, SigningError> {
        let header = json!({ "alg": ALGORITHM, "typ": typ, "kid": self.key.thumbprint() });
        self.key.compact_jws(&header, &Value::Object(claims))
    }
}

/// The left half of the hash of an access token (OpenID Connect Core section 3.1.3.6), for ES256.
fn at_hash(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    let half = hash.as_ref().get(..16).unwrap_or_default();
    BASE64_URL_SAFE_NO_PAD.encode(half)
}

/// The claims of an access token that are read back.
#[derive(Deserialize)]
struct AccessClaims {
    iss: String,
    sub: String,
    client_id: String,
    jti: String,
    #[serde(default)]
    scope: String,
    auth_time: Option<u64>,
    iat: u64,
    exp: u64,
}

impl AccessToken {
    /// Reads an access token that this issuer signed with one of these keys, however old it is; none for any other text.
    pub fn read(text: &str, ring: &Ring, issuer: &str) -> Option<Self> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        let is = |name: &str, value: &str| header.get(name).and_then(Value::as_str) == Some(value);
        if !is("alg", ALGORITHM) || !is("typ", ACCESS_TOKEN_TYPE) {
            return None;
        }
        let kid = header.get("kid").and_then(Value::as_str)?;
        if !ring.verifies(kid, input.as_bytes(), &decode(signature)?) {
            return None;
        }
        let claims: AccessClaims = serde_json::from_slice(&decode(claims)?).ok()?;
        (claims.iss == issuer).then(|| Self {
            id: claims.jti,
            client_id: claims.client_id,
            subject: claims.sub,
            scope: claims.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            auth_time: claims.auth_time,
            issued_at: claims.iat,
            expires_at: claims.exp,
        })
    }
}

#[cfg(test)]
mod tests;
