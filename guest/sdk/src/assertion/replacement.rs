//! Keys that are published in place of keys that failed: a key may be replaced under its `kid`.
//!
//! The host fetches a published set anew when it is asked again after a failed signature, at most once in ten seconds.

use crate::services::{KeyDescription, PublicKey};

/// The keys of the second look-up that the first one did not find; the second is made only if the first ones are from a
/// URL.
pub fn replacements(
    tried: &[Box<dyn PublicKey>],
    again: impl FnOnce() -> Vec<Box<dyn PublicKey>>,
) -> Vec<Box<dyn PublicKey>> {
    let known: Vec<KeyDescription> = tried.iter().map(|key| key.describe()).collect();
    if !known.iter().any(|key| key.source.starts_with("jwks_uri")) {
        return Vec::new();
    }
    let is_new = |thumbprint: String| known.iter().all(|key| key.thumbprint != thumbprint);
    again().into_iter().filter(|key| is_new(key.describe().thumbprint)).collect()
}
