//! The tokens that this server signs: access tokens (RFC 9068) and id tokens (OpenID Connect Core section 2).
//!
//! Each is signed with the current one of the home's keys for its algorithm, RS256 or ES256; their public halves stand
//! in the server's JWKS.

mod algorithm;
mod files;
mod line;
mod ring;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_keys::SigningError;
use serde::Deserialize;
use serde_json::{Map, Value, json};

pub use algorithm::TokenAlgorithm;
pub use files::{FileError, NewKey, Rotation, check, first_keys, rotate};
pub use ring::Ring;
pub use watch::{SigningKeys, Watch};

/// How long others may keep the published keys before they ask again.
pub const PUBLISHED_MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// How long a planned key is published before it signs, at least: until everybody who keeps the published keys has asked
/// again, other nodes that take seconds to see a new key included.
pub const MIN_OVERLAP: Duration = Duration::from_secs(10 * 60);

/// The media type of an access token, as in its header (RFC 9068 section 2.1).
const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// Signs tokens in the name of an issuer, at one instant.
pub struct Tokens<'a> {
    /// The signing keys.
    pub ring: Arc<Ring>,
    /// The algorithm of access tokens.
    pub access_token_signing_alg: TokenAlgorithm,
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
        self.ring.sign(token.algorithm, self.now, "JWT", claims)
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
}

/// The left half of the hash of an access token (OpenID Connect Core section 3.1.3.6): SHA-256 for both algorithms.
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
    /// Reads an access token that this issuer signed with one of these keys, however old it is and whatever algorithm is
    /// configured now; none for any other text.
    pub fn read(text: &str, ring: &Ring, issuer: &str) -> Option<Self> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
        let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
        let member = |name: &str| header.get(name).and_then(Value::as_str);
        if member("typ") != Some(ACCESS_TOKEN_TYPE) {
            return None;
        }
        let algorithm = TokenAlgorithm::parse(member("alg")?)?;
        if !ring.verifies(algorithm, member("kid")?, input.as_bytes(), &decode(signature)?) {
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
