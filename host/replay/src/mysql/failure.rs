//! What a failure of MariaDB or MySQL means for the store.

use dropins_database::connect::mysql::{describe, is_conflict, is_duplicate};
use dropins_services::Unavailable;
use mysql_async::Error;

use crate::entry::down;

/// The statement or its transaction certainly did nothing: a pair is there already, or another transaction had
/// precedence.
pub(super) fn is_rolled_back(error: &Error) -> bool {
    is_duplicate(error) || is_conflict(error)
}

pub(super) fn failed(error: Error) -> Unavailable {
    down(describe(&error))
}
