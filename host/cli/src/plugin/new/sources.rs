//! What this program has of its own source for new plug-ins: the SDK and the contract, as `build.rs` found them.

/// A file of the source: its path, and its text.
pub(super) type Source = (&'static str, &'static str);

include!(concat!(env!("OUT_DIR"), "/sources.rs"));
