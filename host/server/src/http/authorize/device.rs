//! The cookie of a browser on which a user has signed in: an attacker who guesses elsewhere cannot keep the user out of
//! it (OWASP: device cookies).
//!
//! It is sealed, names the user and the device, and authenticates neither: it selects which failures count.

use axum::http::{HeaderMap, HeaderValue};
use serde::{Deserialize, Serialize};

use super::cookie::sent;
use dropins_protocol::{NoRandomness, random};

/// How long a browser keeps the cookie: a year.
const MAX_AGE: u64 = 365 * 24 * 3600;
const SECURE_NAME: &str = "__Host-dropins-device";
const PLAIN_NAME: &str = "dropins-device";

/// A browser on which a user has signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Device {
    /// The name that signed in.
    pub(super) username: String,
    /// Tells devices of one user apart.
    pub(super) id: String,
}

impl Device {
    /// The device on which this name has just signed in.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(super) fn new(username: &str) -> Result<Self, NoRandomness> {
        Ok(Self { username: username.to_owned(), id: random::text(22)? })
    }
}

/// The sealed device that these headers carry.
pub(super) fn of(headers: &HeaderMap, secure: bool) -> Option<String> {
    sent(headers, name_of(secure)).map(str::to_owned)
}

/// The `Set-Cookie` header with a sealed device.
pub(super) fn cookie(sealed: &str, secure: bool) -> Option<HeaderValue> {
    let further = if secure { "; Secure" } else { "" };
    let name = name_of(secure);
    let cookie = format!("{name}={sealed}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{further}");
    HeaderValue::try_from(cookie).ok()
}

fn name_of(secure: bool) -> &'static str {
    if secure { SECURE_NAME } else { PLAIN_NAME }
}
