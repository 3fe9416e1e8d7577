//! A host for OAuth client authenticators that are WebAssembly components.
//!
//! An identity server brings components, listener entries and four services ([`services`]); it gets one [`Decision`] per
//! request. A component sees only what it declares, has a limit on everything, and is replaced while requests are in
//! flight. This crate knows no HTTP, no SQL and no configuration file.
//!
//! ```text
//! Candidate --validate--> Validated --assemble--> Generation --publish--> Registry --authenticate--> Decision
//! ```
//!
//! Every arrow can reject. Only a [`Generation`] can be published, and only [`Validated`] plug-ins make one.
//!
//! # Embedding
//!
//! An embedder depends on `dropins-host`, `async-trait`, and `tokio` with a multi-threaded runtime and its timer. The
//! example also uses `dropins-keys` for keys and `dropins-components` for the plug-in that is shipped;
//! `examples/embed.rs` goes on to sign an assertion and to reject its replay.
//!
//! ```
//! use std::collections::HashSet;
//! use std::sync::{Arc, Mutex};
//!
//! use async_trait::async_trait;
//! use dropins_host::services::{
//!     ClientDirectory, KeyHint, KeyLookupError, KeySource, Memory, PublicKey, Registration, ReplayStore, Services,
//!     SystemClock, Unavailable, Use,
//! };
//! use dropins_host::{Binding, Candidate, Engine, Generation, Isolation, Limits, Listener, Registry, Request, Verdict};
//! use dropins_keys::KeySet;
//!
//! /// One client, its keys, and the assertions that it used.
//! struct Server {
//!     client: &'static str,
//!     keys: KeySet,
//!     used: Mutex<HashSet<(String, String)>>,
//! }
//!
//! #[async_trait]
//! impl ClientDirectory for Server {
//!     async fn lookup(&self, id: &str) -> Result<Option<Registration>, Unavailable> {
//!         Ok((id == self.client).then(|| Registration { id: id.to_owned(), ..Registration::default() }))
//!     }
//!
//!     async fn check_secret(&self, _id: &str, _secret: &str) -> Result<bool, Unavailable> {
//!         Ok(false)
//!     }
//! }
//!
//! #[async_trait]
//! impl KeySource for Server {
//!     async fn candidates(&self, id: &str, hint: &KeyHint) -> Result<Vec<Arc<dyn PublicKey>>, KeyLookupError> {
//!         let keys = if id == self.client { self.keys.candidates(hint) } else { Vec::new() };
//!         Ok(keys.into_iter().map(|key| key as Arc<dyn PublicKey>).collect())
//!     }
//!
//!     fn decoy(&self, _algorithm: &str) -> Option<Arc<dyn PublicKey>> {
//!         None
//!     }
//! }
//!
//! #[async_trait]
//! impl ReplayStore for Server {
//!     async fn remember(&self, used: Use) -> Result<Memory, Unavailable> {
//!         let first = self.used.lock().unwrap().insert((used.client_id, used.jti));
//!         Ok(if first { Memory::First } else { Memory::Seen })
//!     }
//!
//!     async fn peek(&self, used: Use) -> Result<Memory, Unavailable> {
//!         let seen = self.used.lock().unwrap().contains(&(used.client_id, used.jti));
//!         Ok(if seen { Memory::Seen } else { Memory::First })
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let (keys, _findings) = KeySet::read(&[], 0); // the keys and certificates of the client
//!     let server = Arc::new(Server { client: "s6BhdRkqt3", keys, used: Mutex::default() });
//!     let (clients, key_source, replay) = (server.clone(), server.clone(), server);
//!     let services = Services { clients, keys: key_source, replay, clock: Arc::new(SystemClock) };
//!
//!     let engine = Engine::new(Limits::default(), None)?; // one per process
//!     let candidate = Candidate::new("private_key_jwt.wasm", dropins_components::PRIVATE_KEY_JWT);
//!     let plugins = [candidate.validate(&engine).await?];
//!     let listeners = [Listener {
//!         id: "assertions".to_owned(),
//!         binding: Binding::File("private_key_jwt.wasm".to_owned()),
//!         order: 1,
//!         properties: Vec::new(),
//!         pin: None,
//!         isolation: Isolation::Fresh,
//!         shadow: None,
//!     }];
//!     let generation = Generation::assemble(&engine, services, &(), 1, &listeners, &plugins).await;
//!     let registry = Registry::new(generation.map_err(|errors| format!("{errors:?}"))?);
//!
//!     let request = Request { form: [("grant_type".to_owned(), "x".to_owned())].into(), ..Request::default() };
//!     let decision = registry.authenticate(&request).await;
//!     assert_eq!(decision.verdict, Verdict::NoMethod); // the request carries no assertion
//!     Ok(())
//! }
//! ```
//!
//! # Inside
//!
//! Folders import only from those before them: `contract` (the words), `run` (engine, limits, adapters), `load` (from
//! files to plug-ins), `trial` (the canary), `shadow`, `serve` (generations and decisions). No two modules import each
//! other.

mod contract;
mod load;
mod run;
mod serve;
mod shadow;
mod trial;

pub use contract::decision::{
    Check, CheckState, Client, Decision, Evidence, FailureKind, PluginId, Rejection, Verdict,
};
pub use contract::description::{Description, DescriptionError, Problem};
pub use contract::reads::{Reads, ReadsFormat};
pub use contract::request::{Fields, Request};
pub use contract::surface::{Contract, ContractError};
pub use contract::version::ApiVersion;
pub use dropins_services as services;
pub use dropins_services::{Binding, Digest, DigestFormat, Isolation, Limits, Listener};
pub use load::binding::{bound_plugins, named_candidates};
pub use load::candidate::{Candidate, Validated};
pub use load::compile_cost::TooCostly;
pub use load::folder::read_folder;
pub use load::refusal::{CandidateError, CandidateRefusal};
pub use run::background::background;
pub use run::breaker::BreakerState;
pub use run::compiler::CompileError;
pub use run::engine::{Engine, EngineError};
pub use run::failure::Failure;
pub use run::worker::Panicked;
pub use serve::bind_error::BindError;
pub use serve::counters::Counters;
pub use serve::generation::Generation;
pub use serve::handler::Handler;
pub use serve::registry::Registry;
pub use serve::rehearsal::Rehearsal;
pub use shadow::difference::{Difference, Opinion};
pub use shadow::error::ShadowError;
pub use shadow::runner::Shadow;
pub use shadow::tally::ShadowCounts;
pub use trial::failure::CanaryFailure;
pub use trial::probe::{Expected, Probe, Subject, Trial};
