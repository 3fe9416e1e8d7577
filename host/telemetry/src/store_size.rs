//! How much the replay store holds, for metrics and status.
//!
//! Counting may scan the table, so a count is kept for ten seconds, and for a hundred times as long as it took: the
//! scrapes of any number of collectors cost the store one percent of its time. A count that failed is
//! kept as well, as `None`.

use std::time::Duration;

use dropins_replay::{JtiStore, Size};
use tokio::sync::Mutex;
use tokio::time::Instant;

const KEPT: Duration = Duration::from_secs(10);
const COST: u32 = 100;

/// The last count.
#[derive(Default)]
pub struct StoreSize {
    last: Mutex<Option<Count>>,
}

struct Count {
    size: Option<Size>,
    good_until: Instant,
}

impl StoreSize {
    /// The size of the store, at most as old as described above. Returns `None` if the store cannot be read.
    pub async fn of(&self, store: &JtiStore) -> Option<Size> {
        self.counted(async || store.size().await.ok()).await
    }

    async fn counted(&self, count: impl AsyncFnOnce() -> Option<Size>) -> Option<Size> {
        let mut last = self.last.lock().await;
        let begun = Instant::now();
        if let Some(count) = last.as_ref().filter(|count| begun < count.good_until) {
            return count.size;
        }
        let size = count().await;
        let took = begun.elapsed();
        *last = Some(Count { size, good_until: Instant::now() + KEPT.max(took * COST) });
        size
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: u64) -> Option<Size> {
        Some(Size { rows, bytes: 0 })
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_is_kept_for_a_while_also_when_it_failed() {
        let size = StoreSize::default();
        assert_eq!(size.counted(async || None).await, None);
        assert_eq!(size.counted(async || of(1)).await, None);
        tokio::time::advance(KEPT).await;
        assert_eq!(size.counted(async || of(1)).await, of(1));
        assert_eq!(size.counted(async || of(2)).await, of(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_count_that_took_long_is_kept_for_longer() {
        let size = StoreSize::default();
        let slow = async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            of(1)
        };
        assert_eq!(size.counted(slow).await, of(1));
        tokio::time::advance(Duration::from_secs(99)).await;
        assert_eq!(size.counted(async || of(2)).await, of(1));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(size.counted(async || of(2)).await, of(2));
    }
}
