//! Work that gave way to another transaction is done again.
//!
//! Whoever gives way was undone, and the other one has what it wanted: the next time it is not in the way any more.

use crate::error::StoreError;

/// How often work that gives way is begun anew.
const REPEATS: usize = 3;

/// Does work of one transaction, and does it anew from its beginning when that gives way, a few times. The work changes
/// nothing but the database.
///
/// # Errors
/// [`StoreError`] of the work.
pub async fn repeated<T, W: Future<Output = Result<T, StoreError>>>(work: impl Fn() -> W) -> Result<T, StoreError> {
    let mut left = REPEATS;
    loop {
        match work().await {
            Err(StoreError::GaveWay) if left > 0 => {
                left -= 1;
                tracing::debug!("a transaction gave way and is repeated");
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often work is done that gives way so often, and what comes of it.
    async fn done(ways_given: usize, last: Result<(), StoreError>) -> (usize, Result<(), StoreError>) {
        let begun = Cell::new(0);
        let work = || {
            begun.set(begun.get() + 1);
            std::future::ready(if begun.get() <= ways_given { Err(StoreError::GaveWay) } else { last.clone() })
        };
        let done = repeated(work).await;
        (begun.get(), done)
    }

    #[tokio::test]
    async fn only_work_that_gave_way_is_repeated_and_not_for_ever() {
        assert_eq!(done(0, Ok(())).await, (1, Ok(())));
        assert_eq!(done(0, Err(StoreError::Taken)).await, (1, Err(StoreError::Taken)));
        assert_eq!(done(REPEATS, Ok(())).await, (1 + REPEATS, Ok(())));
        assert_eq!(done(REPEATS + 1, Ok(())).await, (1 + REPEATS, Err(StoreError::GaveWay)));
    }
}
