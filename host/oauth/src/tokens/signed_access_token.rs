//! Reads signed access tokens of this server (RFC 9068).

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use dropins_protocol::{AccessToken, TokenAlgorithm};
use serde::Deserialize;
use serde_json::Value;

use super::key_ring::KeyRing;
use super::signer::ACCESS_TOKEN_TYPE;

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

/// Parses an access token that this issuer signed with one of these keys, whatever algorithm is configured now. Does not
/// check expiry or revocation. Returns `None` for any other text.
pub fn read_access_token(text: &str, ring: &KeyRing, issuer: &str) -> Option<AccessToken> {
    let claims: AccessClaims = serde_json::from_slice(&verified_claims(text, ring, ACCESS_TOKEN_TYPE)?).ok()?;
    (claims.iss == issuer).then(|| AccessToken {
        id: claims.jti,
        client_id: claims.client_id,
        subject: claims.sub,
        scope: claims.scope.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        auth_time: claims.auth_time,
        issued_at: claims.iat,
        expires_at: claims.exp,
    })
}

/// The claims of a token of this type that one of these keys signed. Returns `None` for any other text.
pub(super) fn verified_claims(text: &str, ring: &KeyRing, token_type: &str) -> Option<Vec<u8>> {
    let (input, signature) = text.rsplit_once('.')?;
    let (header, claims) = input.split_once('.')?;
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok();
    let header: Value = serde_json::from_slice(&decode(header)?).ok()?;
    let member = |name: &str| header.get(name).and_then(Value::as_str);
    if member("typ") != Some(token_type) {
        return None;
    }
    let algorithm = TokenAlgorithm::parse(member("alg")?)?;
    if !ring.verifies(algorithm, member("kid")?, input.as_bytes(), &decode(signature)?) {
        return None;
    }
    decode(claims)
}
