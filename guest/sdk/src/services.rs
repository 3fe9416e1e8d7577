//! The services of the host, as traits: clients, keys, the log.
//!
//! They mirror the imports of the contract, so that a plug-in runs natively against fakes. An error names the part that
//! is down: fail closed, there is no fallback.

/// What is registered about a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Registration {
    /// The client id, byte for byte.
    pub id: String,
    /// The registered `token_endpoint_auth_method` (RFC 7591 section 2).
    pub auth_method: Option<String>,
    /// The registered `token_endpoint_auth_signing_alg` (OpenID Connect Registration section 2).
    pub signing_alg: Option<String>,
    /// Overrides of properties, under the property's name.
    pub settings: Vec<(String, String)>,
}

/// The client directory.
pub trait Clients {
    /// The enabled client with this id.
    ///
    /// # Errors
    /// Which part is down.
    fn lookup(&self, client_id: &str) -> Result<Option<Registration>, String>;

    /// The enabled client whose registration names this subject of this trusted issuer. By default there is none.
    ///
    /// # Errors
    /// Which part is down.
    fn lookup_subject(&self, _issuer: &str, _subject: &str) -> Result<Option<Registration>, String> {
        Ok(None)
    }
}

/// What the JOSE header says about the signing key (RFC 7515 section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hint<'a> {
    /// Key id.
    pub kid: Option<&'a str>,
    /// SHA-1 thumbprint of the certificate, base64url.
    pub x5t: Option<&'a str>,
    /// SHA-256 thumbprint of the certificate, base64url.
    pub x5t_s256: Option<&'a str>,
    /// Signature algorithm.
    pub algorithm: &'static str,
}

/// A public key as the log may name it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyDescription {
    /// Key id, when the key has one.
    pub kid: Option<String>,
    /// SHA-256 thumbprint of the JWK, base64url (RFC 7638).
    pub thumbprint: String,
    /// Where it came from: `certificate`, `jwks`, `jwks_uri` or `keystore`.
    pub source: String,
    /// Start of the certificate's validity, seconds since the Unix epoch.
    pub not_before: Option<i64>,
    /// End of the certificate's validity, seconds since the Unix epoch.
    pub not_after: Option<i64>,
}

/// Why no candidates can be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The client's own keys cannot be had or used.
    #[error("the client's keys cannot be used: {0}")]
    Unusable(String),
    /// A part of the server is down.
    #[error("{0}")]
    Unavailable(String),
}

/// Why a signature cannot be verified with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unsupported {
    /// There is no verifier for this algorithm.
    #[error("there is no verifier for the algorithm {0}")]
    Algorithm(String),
    /// The algorithm does not fit the key: its type, curve, size, `alg`, `use` or `key_ops`.
    #[error("the key does not fit: {0}")]
    KeyMismatch(String),
}

/// One public key.
pub trait PublicKey {
    /// Identity, origin and validity.
    fn describe(&self) -> KeyDescription;

    /// The key as a JSON Web Key with its required members only (RFC 7638 section 3.2).
    fn jwk(&self) -> String;

    /// Verifies a JWS signature over the signing input (RFC 7515 section 5.2) on the host.
    ///
    /// # Errors
    /// [`Unsupported`] when the algorithm is unknown or does not fit the key.
    fn verify(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> Result<bool, Unsupported>;
}

/// Finds the public keys of clients.
pub trait Keys {
    /// The client's keys that fit the hint, best first; empty when none fits.
    ///
    /// # Errors
    /// [`LookupError`] when the keys cannot be had.
    fn candidates(&self, client_id: &str, hint: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError>;

    /// The keys of a trusted issuer that fit the hint, best first. By default no issuer is trusted.
    ///
    /// # Errors
    /// [`LookupError`] when the keys cannot be had.
    fn of_issuer(&self, issuer: &str, _hint: &Hint<'_>) -> Result<Vec<Box<dyn PublicKey>>, LookupError> {
        Err(LookupError::Unusable(format!("{issuer:?} is not a trusted issuer")))
    }

    /// A fixed key of no client, so that an unknown client costs as much time as a known one.
    fn decoy(&self, algorithm: &str) -> Option<Box<dyn PublicKey>>;
}

/// Severity of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Detail for the author of a plug-in.
    Debug,
    /// Worth knowing.
    Info,
    /// A warning for the operator.
    Warn,
    /// Something is broken.
    Error,
}

/// Writes log lines. Never pass an assertion, a secret or a code.
pub trait Log {
    /// A warning for the operator.
    fn warn(&self, message: &str);

    /// A line of any level; by default a warning.
    fn emit(&self, _level: Level, message: &str) {
        self.warn(message);
    }
}

/// The services of one call.
#[derive(Clone, Copy)]
pub struct Services<'a> {
    /// Registered clients.
    pub clients: &'a dyn Clients,
    /// Their keys.
    pub keys: &'a dyn Keys,
    /// The log.
    pub log: &'a dyn Log,
}
