//! The authenticator components that ship with `dropins`, as bytes.
//!
//! Building this crate builds them (see `build.rs`), so the bytes are never older than their source.

/// The `private_key_jwt` authenticator.
pub const PRIVATE_KEY_JWT: &[u8] = include_bytes!(env!("PRIVATE_KEY_JWT_WASM"));

/// The `client_secret_basic` and `client_secret_post` authenticator.
pub const CLIENT_SECRET: &[u8] = include_bytes!(env!("CLIENT_SECRET_WASM"));

/// The authenticator of clients that trusted issuers vouch for.
pub const FEDERATED_JWT: &[u8] = include_bytes!(env!("FEDERATED_JWT_WASM"));

/// An example of the SDK that panics when a request asks for it, for tests.
#[cfg(feature = "panicking")]
pub const PANICKING: &[u8] = include_bytes!(env!("PANICKING_WASM"));

/// Every component with the name of its file in the plug-in folder.
pub const ALL: [(&str, &[u8]); 3] = [
    ("private_key_jwt_authenticator.wasm", PRIVATE_KEY_JWT),
    ("client_secret_authenticator.wasm", CLIENT_SECRET),
    ("federated_jwt_authenticator.wasm", FEDERATED_JWT),
];
