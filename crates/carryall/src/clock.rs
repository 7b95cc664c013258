//! What time it is, as an argument.
//!
//! Leases, expiry and sessions all compare with this clock, so a test can move it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

/// Tells the time. Clones tell the same time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place where the time is read"
    )]
    pub fn system() -> Clock {
        Clock(Arc::new(Timestamp::now))
    }

    /// The time, in whole milliseconds: what the ledger keeps is what was compared.
    pub fn now(&self) -> Timestamp {
        let millisecond = (self.0)().as_millisecond();
        Timestamp::from_millisecond(millisecond).unwrap_or(Timestamp::MAX)
    }
}

/// `time` moved on by `by`; the end of time when there is no such moment.
pub fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Moves the time that a test's clock tells.
#[cfg(test)]
#[derive(Clone)]
pub struct ClockHand(Arc<std::sync::Mutex<Timestamp>>);

#[cfg(test)]
impl ClockHand {
    /// A clock that stands at `time`, and its hand.
    pub fn at(time: &str) -> (Clock, ClockHand) {
        let hand = ClockHand(Arc::new(std::sync::Mutex::new(
            time.parse().expect("a timestamp"),
        )));
        let told = hand.clone();
        (
            Clock(Arc::new(move || *told.0.lock().expect("not poisoned"))),
            hand,
        )
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        let mut time = self.0.lock().expect("not poisoned");
        *time = later(*time, by);
    }
}
