//! The services of the call that imports ask, under the names that messages give them.

use std::sync::Arc;

use dropins_services::Services;

use crate::run::call::CallState;
use crate::run::v0_2::bindings::dropins::client_auth::types;

pub(super) const CLIENTS: &str = "client directory";
pub(super) const KEYS: &str = "key source";

const LOADING: &str = "a plug-in that is being loaded has no services";

impl CallState {
    /// The services of the call; the error is the answer for the plug-in.
    pub(super) fn services(&self) -> Result<Arc<Services>, String> {
        self.services.clone().ok_or_else(|| LOADING.to_owned())
    }
}

impl types::Host for CallState {}
