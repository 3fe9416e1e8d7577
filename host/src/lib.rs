//! A host for OAuth client authenticators that are WebAssembly components.
//!
//! An identity server hands over components, listener entries and four services ([`services`]); it gets
//! back one [`Decision`] per request. Components see only what they declare, have limits on everything, and
//! are replaced while requests are in flight.
//!
//! ```text
//! Candidate --validate--> Validated --assemble--> Generation --publish--> Registry --authenticate--> Decision
//! ```
//!
//! Every arrow can refuse; only a [`Generation`] can be published, and only from [`Validated`] plug-ins can
//! it be assembled. This crate knows no HTTP, no SQL and no configuration file: see
//! `examples/embed.rs` for a server of forty lines.

mod api;
mod background;
mod bind_error;
mod breaker;
mod budget;
mod call;
mod canary;
mod candidate;
mod contract;
mod counters;
mod decision;
mod engine;
mod folder;
mod generation;
mod handler;
mod judge;
mod plugin;
mod plugin_log;
mod registry;
mod request;
mod shadow;
mod shelf;
mod transcript;
mod wasi;

pub use api::{ApiVersion, Failure};
pub use background::{Panicked, background};
pub use bind_error::BindError;
pub use breaker::BreakerState;
pub use canary::{CanaryFailure, Expected, Probe, Subject, Trial};
pub use candidate::{Candidate, CandidateError, Refusal, Validated};
pub use contract::{Contract, ContractError};
pub use counters::Counters;
pub use decision::{Check, CheckState, Client, Decision, Evidence, FailureKind, PluginId, Rejection, Verdict};
pub use dropins_services as services;
pub use dropins_services::{Binding, Digest, DigestFormat, Isolation, Limits, Listener};
pub use engine::{Engine, EngineError};
pub use folder::read_folder;
pub use generation::{Generation, Inactive};
pub use handler::Handler;
pub use plugin::{Description, DescriptionError, Problem};
pub use registry::Registry;
pub use request::{Reads, ReadsFormat, Request};
pub use shadow::{Difference, Opinion, Shadow, ShadowCounts, ShadowError};
