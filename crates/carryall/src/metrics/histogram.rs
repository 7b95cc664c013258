//! How many took up to so long.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts of durations, by the least bound that they do not pass.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// Seconds, rising.
    bounds: &'static [f64; N],
    counts: [AtomicU64; N],
    /// Those that pass every bound.
    longer: AtomicU64,
    sum_micros: AtomicU64,
}

/// A histogram as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// A bound in seconds, and how many did not pass it.
    pub buckets: Vec<(f64, u64)>,
    /// All of them.
    pub count: u64,
    /// Of all durations, in seconds.
    pub sum: f64,
}

impl<const N: usize> Histogram<N> {
    /// Nothing is counted yet.
    pub fn new(bounds: &'static [f64; N]) -> Histogram<N> {
        Histogram {
            bounds,
            counts: std::array::from_fn(|_| AtomicU64::default()),
            longer: AtomicU64::default(),
            sum_micros: AtomicU64::default(),
        }
    }

    /// Counts one.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = self.bounds.iter().position(|bound| seconds <= *bound);
        let count = bucket.map_or(&self.longer, |bucket| &self.counts[bucket]);
        count.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn read(&self) -> Read {
        let mut count = 0;
        let buckets = self.bounds.iter().zip(&self.counts);
        let buckets = buckets.map(|(bound, of_bound)| {
            count += of_bound.load(Ordering::Relaxed);
            (*bound, count)
        });
        let buckets = buckets.collect();
        let sum = Duration::from_micros(self.sum_micros.load(Ordering::Relaxed));
        Read {
            buckets,
            count: count + self.longer.load(Ordering::Relaxed),
            sum: sum.as_secs_f64(),
        }
    }
}
