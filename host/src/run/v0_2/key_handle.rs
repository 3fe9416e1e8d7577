//! The host's side of the resource `public-key`.

use std::sync::Arc;

use dropins_services::PublicKey;

/// The key that a plug-in's handle points to.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct KeyHandle {
    pub(super) key: Arc<dyn PublicKey>,
    /// A decoy belongs to no client and must not appear in the audit log.
    pub(super) decoy: bool,
}
