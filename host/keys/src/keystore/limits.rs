//! How large a keystore may be: checked before anything is allocated.

/// The largest file, in bytes.
pub const MAX_FILE: u64 = 8 * 1024 * 1024;
/// The largest number of entries.
pub const MAX_ENTRIES: usize = 10_000;
/// The largest number of certificates in one chain.
pub(super) const MAX_CHAIN: usize = 100;
/// The largest certificate, in bytes.
pub(super) const MAX_CERTIFICATE: usize = 64 * 1024;
