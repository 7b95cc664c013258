//! Waiting for the product to let go of a lock.
//!
//! SQLite's own `busy_timeout` sleeps up to 100 ms at a time; beside a product that writes without a
//! pause it then misses every gap and gives up. Asking each millisecond finds one.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::SourceError;

/// How long to wait for one lock.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience::of(Duration::from_secs(5))
    }
}

impl Patience {
    pub(super) fn of(longest: Duration) -> Self {
        Patience { longest }
    }

    /// Tries until it is done, fails for another reason, or the time is up.
    pub(super) fn until_unlocked<T>(
        self,
        mut act: impl FnMut() -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let start = Instant::now();
        loop {
            match act() {
                Err(SourceError::Locked { .. }) if start.elapsed() < self.longest => {
                    thread::sleep(Duration::from_millis(1));
                }
                end => return end,
            }
        }
    }
}
