//! The words of OAuth and the handling of secrets: forms, names, error codes, random texts, hashes.
//!
//! No I/O and no state but a bound on how many secrets are hashed at once. What crosses the wire is read strictly; what
//! is secret is never printed.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod access_token;
mod client_record;
mod federated_subject;
mod form;
mod hash_runs;
pub mod names;
mod oauth_error;
pub mod random;
mod reference;
mod secret;
pub mod secret_hash;
mod token_algorithm;
mod token_hash;

pub use access_token::AccessToken;
pub use client_record::{ClientRecord, UpstreamClient};
pub use federated_subject::FederatedSubject;
pub use form::{Form, FormError, decode as form_decode, is_form};
pub use oauth_error::{ErrorCode, OAuthError};
pub use random::NoRandomness;
pub use reference::reference;
pub use secret::Secret;
pub use secret_hash::{NotArgon2id, SecretHash};
pub use token_algorithm::TokenAlgorithm;
pub use token_hash::TokenHash;
