//! Numbers of this process since it began, for the operator's monitoring.
//!
//! Promises: counting never waits and never fails; nothing that is counted names a person, an export or an
//! address. What all nodes share, the queue, is read from the ledger when it is asked for (`health/`).

mod histogram;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::exports::failure::Failure;

use histogram::Histogram;
pub use text::Text;

/// Seconds that an answer of the site may take to begin.
const ANSWERS: [f64; 10] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// Seconds that an export may take, and wait.
const BUILDS: [f64; 11] = [
    0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0,
];

/// How a worker's try at an export ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The file can be downloaded.
    Ready,
    /// There is none.
    Failed,
    /// It waits for another try, or another worker.
    HandedBack,
    /// Somebody else has it, or nobody needs it any more.
    Lost,
}

impl Outcome {
    const ALL: [(Outcome, &'static str); 4] = [
        (Outcome::Ready, "ready"),
        (Outcome::Failed, "failed"),
        (Outcome::HandedBack, "handed_back"),
        (Outcome::Lost, "lost"),
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        Outcome::ALL[self as usize].1
    }
}

/// The numbers.
#[derive(Debug)]
pub struct Metrics {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    failures: [AtomicU64; Failure::ALL.len()],
    retries: [AtomicU64; Failure::ALL.len()],
    bytes: AtomicU64,
    gaps: AtomicU64,
    building: AtomicU64,
    built: Histogram<11>,
    waited: Histogram<11>,
    /// By the hundreds of the status: 1xx to 5xx.
    answers: [Histogram<10>; 5],
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            outcomes: Default::default(),
            failures: Default::default(),
            retries: Default::default(),
            bytes: AtomicU64::default(),
            gaps: AtomicU64::default(),
            building: AtomicU64::default(),
            built: Histogram::new(&BUILDS),
            waited: Histogram::new(&BUILDS),
            answers: std::array::from_fn(|_| Histogram::new(&ANSWERS)),
        }
    }
}

impl Metrics {
    /// A worker begins an export for the first time, so long after it was asked for.
    pub fn first_begun(&self, waited: Duration) {
        self.waited.observe(waited);
    }

    /// A worker builds, for as long as what is returned lives.
    pub fn building(&self) -> Building<'_> {
        add(&self.building, 1);
        Building(self)
    }

    /// A file can be downloaded that took so long to build.
    pub fn ready(&self, took: Duration, size_bytes: u64, gaps: u64) {
        self.ended(Outcome::Ready);
        self.built.observe(took);
        add(&self.bytes, size_bytes);
        add(&self.gaps, gaps);
    }

    /// An export ended without a file.
    pub fn failed(&self, failure: Failure) {
        self.ended(Outcome::Failed);
        add(&self.failures[failure as usize], 1);
    }

    /// An export waits for another try, because of this.
    pub fn deferred(&self, failure: Failure) {
        add(&self.retries[failure as usize], 1);
    }

    /// A worker's try ended in this way.
    pub fn ended(&self, outcome: Outcome) {
        add(&self.outcomes[outcome as usize], 1);
    }

    /// An answer of the site began after so long.
    pub fn answered(&self, status: u16, took: Duration) {
        let hundreds = usize::from(status / 100).clamp(1, self.answers.len());
        self.answers[hundreds - 1].observe(took);
    }

    /// Writes them down.
    pub fn write(&self, text: &mut Text) {
        let outcomes = Outcome::ALL.iter().map(|(outcome, name)| {
            let count = &self.outcomes[*outcome as usize];
            (*name, count.load(Ordering::Relaxed))
        });
        text.counters(
            "carryall_exports_total",
            "Tries at exports on this node, by how they ended.",
            "outcome",
            outcomes,
        );
        let by_cause = |counts: &'_ [AtomicU64; Failure::ALL.len()]| {
            Failure::ALL.map(|failure| {
                let count = counts[failure as usize].load(Ordering::Relaxed);
                (failure.code(), count)
            })
        };
        text.counters(
            "carryall_export_failures_total",
            "Exports that ended on this node without a file, by cause.",
            "cause",
            by_cause(&self.failures).into_iter(),
        );
        text.counters(
            "carryall_export_retries_total",
            "Exports that this node puts off because something did not answer or has no room, by cause.",
            "cause",
            by_cause(&self.retries).into_iter(),
        );
        let bytes = self.bytes.load(Ordering::Relaxed);
        let help = "Bytes of the files that this node made.";
        text.counter("carryall_export_bytes_total", help, bytes);
        let gaps = self.gaps.load(Ordering::Relaxed);
        let help = "Gaps in the files that this node made.";
        text.counter("carryall_export_gaps_total", help, gaps);
        let building = self.building.load(Ordering::Relaxed);
        let help = "Exports that this node builds now.";
        text.gauge("carryall_node_exports_building", help, building);
        let help = "From the beginning of an export's last try to its file.";
        text.histogram("carryall_export_duration_seconds", help, "", &self.built);
        let help = "From the request to the beginning of an export's first try.";
        text.histogram("carryall_export_wait_seconds", help, "", &self.waited);
        let help = "From a request to the site to the head of its answer.";
        for (hundreds, answers) in (1..).zip(&self.answers) {
            let status = format!("status=\"{hundreds}xx\"");
            text.histogram(
                "carryall_http_request_duration_seconds",
                help,
                &status,
                answers,
            );
        }
    }
}

fn add(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// One more that builds.
#[derive(Debug)]
pub struct Building<'m>(&'m Metrics);

impl Drop for Building<'_> {
    fn drop(&mut self) {
        self.0.building.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(metrics: &Metrics) -> String {
        let mut text = Text::default();
        metrics.write(&mut text);
        text.finish()
    }

    #[test]
    fn what_happened_is_counted_once_and_where_it_belongs() {
        let metrics = Metrics::default();
        let building = metrics.building();
        metrics.first_begun(Duration::from_millis(300));
        metrics.ready(Duration::from_secs(2), 1_000, 3);
        metrics.failed(Failure::DiskFull);
        metrics.deferred(Failure::StorageAway);
        metrics.ended(Outcome::HandedBack);
        metrics.answered(303, Duration::from_millis(30));
        let text = written(&metrics);
        for line in [
            "carryall_exports_total{outcome=\"ready\"} 1",
            "carryall_exports_total{outcome=\"failed\"} 1",
            "carryall_exports_total{outcome=\"handed_back\"} 1",
            "carryall_exports_total{outcome=\"lost\"} 0",
            "carryall_export_failures_total{cause=\"disk_full\"} 1",
            "carryall_export_failures_total{cause=\"interrupted\"} 0",
            "carryall_export_retries_total{cause=\"storage_away\"} 1",
            "carryall_export_bytes_total 1000",
            "carryall_export_gaps_total 3",
            "carryall_node_exports_building 1",
            "carryall_export_duration_seconds_bucket{le=\"1\"} 0",
            "carryall_export_duration_seconds_bucket{le=\"5\"} 1",
            "carryall_export_duration_seconds_bucket{le=\"+Inf\"} 1",
            "carryall_export_duration_seconds_sum 2",
            "carryall_export_duration_seconds_count 1",
            "carryall_export_wait_seconds_bucket{le=\"0.5\"} 1",
            "carryall_http_request_duration_seconds_bucket{status=\"3xx\",le=\"0.025\"} 0",
            "carryall_http_request_duration_seconds_bucket{status=\"3xx\",le=\"0.05\"} 1",
            "carryall_http_request_duration_seconds_sum{status=\"3xx\"} 0.03",
            "carryall_http_request_duration_seconds_count{status=\"2xx\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        drop(building);
        assert!(written(&metrics).contains("carryall_node_exports_building 0\n"));
    }

    #[test]
    fn a_family_is_described_once() {
        let text = written(&Metrics::default());
        let described: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_prefix("# TYPE "))
            .collect();
        let mut once = described.clone();
        once.sort_unstable();
        once.dedup();
        assert!(
            described.len() == once.len() && once.len() == 9,
            "{described:?}"
        );
    }
}
