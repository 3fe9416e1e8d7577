//! The adapter for `dropins:client-auth@0.2.x`.
//!
//! One store and one instance serve one request and are then dropped, unless the operator chose reuse: after a trap a
//! store is unusable, and nothing may leak from one request to the next.

mod bindings;
mod call;
mod field;
mod imports;
mod instance;
mod key_handle;
pub(crate) mod plugin;
mod pool;
