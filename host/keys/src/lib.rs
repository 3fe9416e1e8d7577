//! Keys of clients: read and linted once at configuration, then verified natively.
//!
//! [`KeySet::read`] turns certificates and JWK sets into [`ClientKey`]s and [`Finding`]s; [`lint`] is the same reader,
//! so a configuration check and the running server never disagree. [`StaticKeySource`] hands the keys to the host.
//! [`PublishedSet`] is what clients publish under a JWKS URI; `dropins-fetch` fetches it.
//! [`SigningKey`] is the other side: it makes keys, certificates and signatures for tools and for the server's tokens.

#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

mod algorithm;
mod base64url;
mod certificate;
mod certificate_text;
mod client_key;
mod decoy;
mod der_writer;
mod failure_note;
mod finding;
mod jwk;
mod jwks;
mod key_family;
mod key_pair;
mod key_purpose;
mod key_set;
pub mod keystore;
mod material;
mod misplaced;
mod ml_dsa;
mod pem;
mod private_jwk;
mod private_key;
mod published_set;
mod reading;
mod registration_text;
mod self_signed;
mod signing_error;
mod signing_key;
mod spki;
mod static_source;
mod text;
mod validity;

pub use algorithm::{Algorithm, Curve, KeyKind};
pub use client_key::ClientKey;
pub use dropins_strict_json::parse_json as parse_strict_json;
pub use finding::{Finding, Severity};
pub use key_family::KeyFamily;
pub use key_purpose::KeyPurpose;
pub use key_set::{KeyInput, KeySet, lint};
pub use material::MaterialError;
pub use ml_dsa::MlDsa;
pub use private_jwk::KeyChoice;
pub use published_set::PublishedSet;
pub use registration_text::{RegistrationTextError, registration_text};
pub use signing_error::SigningError;
pub use signing_key::SigningKey;
pub use static_source::StaticKeySource;
