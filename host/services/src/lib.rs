//! What passes between an identity server and the host of its plug-ins: four services, listener entries and limits.
//!
//! The host owns no HTTP, no SQL and no file format. It calls these traits and fails closed if one of them returns
//! [`Unavailable`]. All plug-ins and all generations share the same services. This crate holds plain data and traits;
//! it knows no WebAssembly, so key sources and replay stores build without it.
#![cfg_attr(test, allow(missing_docs, reason = "tests are named as sentences"))]

pub mod background;
mod clients;
mod clock;
mod digest;
mod keys;
mod limits;
mod listener;
mod replay;
mod services;
mod text;
mod unavailable;

pub use clients::{ClientDirectory, Registration};
pub use clock::{Clock, FixedClock, SystemClock, UnixMillis};
pub use digest::{Digest, DigestFormat};
pub use keys::{KeyDescription, KeyHint, KeyLookupError, KeySource, MAX_CANDIDATES, PublicKey, Unsupported};
pub use limits::Limits;
pub use listener::{Binding, Isolation, Listener};
pub use replay::{Attempt, Attempted, MAX_RETRY_WINDOW, Memory, ReplayStore, Use};
pub use services::Services;
pub use text::{is_unseen, is_uri_text, printable};
pub use unavailable::Unavailable;
