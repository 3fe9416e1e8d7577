//! What a failure of PostgreSQL means for the store.

use dropins_database::connect::postgres::describe;
use dropins_services::Unavailable;

use crate::entry::down;

pub(super) fn failed(error: tokio_postgres::Error) -> Unavailable {
    down(describe(&error))
}
