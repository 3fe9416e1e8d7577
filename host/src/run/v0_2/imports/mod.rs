//! The host's side of the imports of the contract.
//!
//! Each import asks a service and notes what it observed. While a plug-in is being loaded there are no services, and every
//! import says so.

mod clients;
mod explain;
mod keys;
mod log;
mod services;
