//! Pairs of texts in the types of the contract.

use crate::run::v0_2::bindings::exports::dropins::client_auth::client_authenticator::Field;

/// A pair in the type of the contract.
pub(super) fn field((name, value): &(String, String)) -> Field {
    Field { name: name.clone(), value: value.clone() }
}

/// Pairs in the type of the contract.
pub(super) fn fields(pairs: &[(String, String)]) -> Vec<Field> {
    pairs.iter().map(field).collect()
}
