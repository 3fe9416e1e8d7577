//! Repeats a transaction that lost a conflict with another one.
//!
//! The database rolled it back in favour of the other one, which is out of the way by the next attempt.

use crate::error::StoreError;

/// How often work is begun again.
const RETRIES: usize = 3;

/// Does the work of one transaction, and begins it again after a conflict, a few times. The work changes nothing but the
/// database.
///
/// # Errors
/// [`StoreError`] of the work.
pub async fn retry_on_conflict<T, W: Future<Output = Result<T, StoreError>>>(
    work: impl Fn() -> W,
) -> Result<T, StoreError> {
    let mut left = RETRIES;
    loop {
        match work().await {
            Err(StoreError::Conflict) if left > 0 => {
                left -= 1;
                tracing::debug!("a transaction lost a conflict and is repeated");
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often work is done that loses so many conflicts, and what comes of it.
    async fn done(conflicts: usize, last: Result<(), StoreError>) -> (usize, Result<(), StoreError>) {
        let begun = Cell::new(0);
        let work = || {
            begun.set(begun.get() + 1);
            std::future::ready(if begun.get() <= conflicts { Err(StoreError::Conflict) } else { last.clone() })
        };
        let done = retry_on_conflict(work).await;
        (begun.get(), done)
    }

    #[tokio::test]
    async fn only_work_that_lost_a_conflict_is_repeated_and_not_forever() {
        assert_eq!(done(0, Ok(())).await, (1, Ok(())));
        assert_eq!(done(0, Err(StoreError::Duplicate)).await, (1, Err(StoreError::Duplicate)));
        assert_eq!(done(RETRIES, Ok(())).await, (1 + RETRIES, Ok(())));
        assert_eq!(done(RETRIES + 1, Ok(())).await, (1 + RETRIES, Err(StoreError::Conflict)));
    }
}
