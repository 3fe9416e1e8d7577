//! Jumps of the wall clock, which decides about the expiry of assertions and tokens.

use std::sync::Arc;
use std::time::Duration;

use dropins_host::services::Clock;
use tokio::time::Instant;

/// A difference that no correction by a time service makes.
const JUMP: u64 = 5;
/// How often the clocks are compared.
const INTERVAL: Duration = Duration::from_secs(10);

/// The wall clock beside one that only goes forward.
struct Clocks {
    wall: u64,
    steady: Instant,
}

impl Clocks {
    /// The seconds by which the wall clock has jumped since the last look, if it has.
    fn jump(&mut self, wall: u64) -> Option<i64> {
        let expected = self.wall.saturating_add(self.steady.elapsed().as_secs());
        (self.wall, self.steady) = (wall, Instant::now());
        let jumped = i64::try_from(i128::from(wall) - i128::from(expected)).ok()?;
        (jumped.unsigned_abs() > JUMP).then_some(jumped)
    }
}

/// Warns of each jump, once; never returns.
pub async fn watch(clock: Arc<dyn Clock>) {
    let mut clocks = Clocks { wall: clock.now_seconds(), steady: Instant::now() };
    loop {
        tokio::time::sleep(INTERVAL).await;
        if let Some(seconds) = clocks.jump(clock.now_seconds()) {
            tracing::warn!(seconds, "the clock of this machine jumped, or the machine was suspended");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_jump_in_either_direction_is_told_once_and_a_small_correction_is_none() {
        let mut clocks = Clocks { wall: 1_000, steady: Instant::now() };
        let mut after = async |seconds, wall| {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            clocks.jump(wall)
        };
        assert_eq!(after(10, 1_010).await, None);
        assert_eq!(after(10, 1_025).await, None, "five seconds are a correction");
        assert_eq!(after(10, 1_435).await, Some(400));
        assert_eq!(after(10, 1_445).await, None);
        assert_eq!(after(10, 1_255).await, Some(-200));
    }
}
