//! How JWK sets are fetched and how long they are kept.

use std::path::PathBuf;
use std::time::Duration;

use rustls_pki_types::CertificateDer;

use super::host_list::HostList;
use super::issuer::IssuerFetch;
use dropins_keys::KeyPurpose;

/// `[oauth.jwks_endpoint]`, and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// Time to find and connect to the host, TLS included.
    pub connection_timeout: Duration,
    /// Time for everything, from the name of the host to the last byte of the answer.
    pub read_timeout: Duration,
    /// Largest answer, bytes.
    pub size_limit: usize,
    /// Hosts for which `http:` is allowed.
    pub allow_http: HostList,
    /// Hosts that may be on this machine or in its network.
    pub allow_private: HostList,
    /// Certificate authorities besides those of the operating system, DER. Unreadable ones are ignored.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// Fetches at once; further ones wait within their time-out.
    pub at_once: usize,
    /// Whether a host is asked by one fetch at a time.
    pub one_a_host: bool,
    /// Lower bound for the freshness of a set.
    pub min_freshness: Duration,
    /// Upper bound for the freshness of a set.
    pub max_freshness: Duration,
    /// How long a stale set serves if it cannot be fetched (RFC 5861 section 4).
    pub stale_if_error: Duration,
    /// Pause before the next fetch of a URL after a failure.
    pub failure_pause: Duration,
    /// Pause between two refreshes of a fresh set, caused by an unknown `kid` or by a signature that no key verifies.
    pub refresh_pause: Duration,
    /// Bytes of memory for sets and their prepared keys; the least recently used set is evicted first.
    pub memory: u64,
    /// Sets that are kept on disk; the oldest one is removed first.
    pub capacity: u64,
    /// The folder in which the last good sets survive a restart, if any.
    pub folder: Option<PathBuf>,
    /// The trusted issuer whose keys are fetched; `None` for the keys of clients.
    pub issuer: Option<IssuerFetch>,
}

impl FetchSettings {
    /// The keys that count.
    pub(crate) fn purpose(&self) -> KeyPurpose {
        self.issuer.as_ref().map(|issuer| issuer.purpose).unwrap_or_default()
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            connection_timeout: Duration::from_secs(1),
            read_timeout: Duration::from_secs(3),
            size_limit: 64 * 1024,
            allow_http: HostList::default(),
            allow_private: HostList::default(),
            extra_roots: Vec::new(),
            at_once: 256,
            one_a_host: false,
            min_freshness: Duration::from_secs(60),
            max_freshness: Duration::from_secs(24 * 60 * 60),
            stale_if_error: Duration::from_secs(60 * 60),
            failure_pause: Duration::from_secs(10),
            refresh_pause: Duration::from_secs(10),
            memory: 64 * 1024 * 1024,
            capacity: 4096,
            folder: None,
            issuer: None,
        }
    }
}
