//! The tokens that this server signs, and the keys that sign them.
//!
//! Each token is signed with the current key of its algorithm, RS256 or ES256; the public keys are in the server's JWKS.

mod files;
mod id_token_hint;
mod key_ring;
mod key_schedule;
mod publication;
mod signed_access_token;
mod signer;
#[cfg(test)]
mod tests;
mod watch;

pub use files::{FileError, ListedKey, NewKey, Rotation, check, first_keys, list_keys, rotate};
pub use id_token_hint::{IdTokenHint, read_id_token_hint};
pub use key_ring::KeyRing;
pub use publication::{MIN_OVERLAP, PUBLISHED_MAX_AGE};
pub use signed_access_token::read_access_token;
pub use signer::{IdToken, TokenSigner};
pub use watch::SigningKeys;
