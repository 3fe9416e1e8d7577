//! The documents of the admin listener: the server writes them, the command line reads them.
//!
//! A verdict about a candidate is a [`ReloadReport`](dropins_reload::ReloadReport).

#![expect(missing_docs, reason = "docs/reference/status.md describes the members")]

use std::path::PathBuf;

use dropins_host::{BreakerState, Difference, Digest, FailureKind, ShadowCounts};
use dropins_telemetry::audiences::SentAudience;
use dropins_telemetry::decisions::DecisionRecord;
use dropins_telemetry::expiry::Expiring;
use serde::{Deserialize, Serialize};

use dropins_live::Inactive;
use dropins_reload::Rejected;

/// Why a request is answered with an error.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorDocument {
    pub error: String,
}

/// `GET /status`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StatusDocument {
    pub version: String,
    pub home: PathBuf,
    pub issuer: String,
    pub ready: bool,
    pub not_ready_because: Option<String>,
    pub time: u64,
    pub started_at: u64,
    pub uptime_seconds: u64,
    pub generation: u64,
    pub in_flight: usize,
    pub reload: ReloadState,
    pub plugins: Vec<LivePlugin>,
    pub inactive: Vec<Inactive>,
    pub clients: u64,
    pub replay: ReplayState,
    pub expiring: Vec<Expiring>,
    pub warnings: Vec<String>,
}

/// What the reloader did last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReloadState {
    pub up: bool,
    pub published_at: Option<u64>,
    pub building_since: Option<u64>,
    pub pinned_since: Option<u64>,
    pub last_rejected: Option<Rejected>,
    pub needs_restart: Vec<String>,
    pub generations: Vec<KeptGeneration>,
}

/// The live generation, or one that can be returned to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeptGeneration {
    pub generation: u64,
    pub published_at: u64,
    pub in_flight: u64,
    pub withdrawn: bool,
}

/// A plug-in that decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LivePlugin {
    pub listener: String,
    pub name: String,
    pub version: String,
    pub digest: Digest,
    pub file: String,
    pub order: i64,
    pub methods: Vec<String>,
    pub calls: u64,
    pub failures: u64,
    pub refused: u64,
    pub breaker: BreakerState,
    pub last_failure: Option<LastFailure>,
    pub shadow: Option<ShadowState>,
}

/// How a plug-in failed last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastFailure {
    pub kind: FailureKind,
    pub message: String,
}

/// The candidate beside a live plug-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ShadowState {
    Running { file: String, name: String, digest: Digest, requests: ShadowCounts },
    NotRunning { file: String, reason: String },
}

impl ShadowState {
    /// The file of the candidate.
    pub fn file(&self) -> &str {
        let (Self::Running { file, .. } | Self::NotRunning { file, .. }) = self;
        file
    }
}

/// Where used assertions are stored, and how that fares.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ReplayState {
    pub kind: String,
    pub place: String,
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
    pub first: u64,
    pub forgiven: u64,
    pub seen: u64,
    pub unavailable: u64,
    pub cache_hits: u64,
    pub cache_misses: u64,
    pub cache_hit_ratio: Option<f64>,
    pub batches: u64,
    pub queue_depth: u64,
    pub purged: u64,
    pub purge_seconds: f64,
    pub last_purge: Option<u64>,
}

/// `GET /plugins/NAME/diff`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DiffDocument {
    pub name: String,
    pub digest: Digest,
    pub shadow: ShadowState,
    pub differences: Vec<Difference>,
}

/// `GET /decisions/REFERENCE`: a rejected request, the rule that it broke, and what is to be said about the client now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DecisionDocument {
    #[serde(flatten)]
    pub record: DecisionRecord,
    pub rule: Option<String>,
    pub fix: Option<String>,
    pub note: Option<String>,
}

/// `GET /audiences`: what each client sent last, those that the strict mode rejects first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AudienceDocument {
    pub reported: bool,
    pub clients: Vec<SentAudience>,
}

impl AudienceDocument {
    /// How many clients would fail, in a sentence.
    pub fn summary(&self) -> String {
        let rejected = self.clients.iter().filter(|sent| !sent.strict).count();
        let all = self.clients.len();
        format!(
            "AudienceMode = \"strict\" would reject {rejected} of the {all} clients that have authenticated since the start"
        )
    }
}

/// `POST /keys/refresh`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RefreshDocument {
    pub result: String,
    pub keys: Vec<PublishedKey>,
    pub warnings: Vec<String>,
}

/// A key that a client publishes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PublishedKey {
    pub kid: Option<String>,
    pub thumbprint: String,
}
