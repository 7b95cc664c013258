//! The job of an export: request -> lease -> build -> artifact -> download -> expiry.
//!
//! Whatever happens in between, a person sees one of: it runs, here is the file, or why there is none.
//! A process may be killed at any moment; the next one goes on from the ledger.

pub mod artifacts;
mod build;
mod cleanup;
pub mod estimate;
pub mod failure;
mod progress;
mod request;
mod sealed;
mod spans;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::metrics::Metrics;
use crate::product::Product;
use crate::random::Randomness;
use crate::traces::Traces;
use artifacts::Artifacts;

/// So many clicks wait for their export: each looks again and again, and hundreds would leave the ledger no time
/// for anything else.
const WAITING: usize = 16;

/// How the job is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This process, in the ledger.
    pub worker_name: String,
    /// How many exports are built at the same time; none on a node that has only the pages.
    pub builders: usize,
    /// Of two builders and more, one leaves exports alone that become larger: small ones never wait for all of
    /// the large ones.
    pub small_bytes: u64,
    /// How long the program goes on building when it was asked to stop, before it hands back.
    pub last_builds: Duration,
    /// How long an export waits for a worker that has died.
    pub lease: Duration,
    /// How often a worker says that it lives, and how far it is.
    pub heartbeat: Duration,
    /// How often an export is begun before it is given up.
    pub max_attempts: u32,
    /// How long an export is tried again, from its request on, while something does not answer or has no room.
    pub retry_for: Duration,
    /// How long to wait before each further try when the product's database is busy.
    pub patience: Vec<Duration>,
    /// How long a finished file is kept.
    pub expire_after: Duration,
    /// How many exports a person may ask for within a day.
    pub per_day: u32,
    /// How many all people together may ask for within an hour; none is without a limit.
    pub per_hour: Option<u32>,
    /// How long a session may rest before it ends.
    pub idle_after: Duration,
    /// How long events of the audit log are kept; none is for ever.
    pub audit_keep: Option<Duration>,
    /// Where spans of requests and builds go.
    pub traces: Traces,
    /// How often expired, orphaned and closed accounts' files are looked for.
    pub cleanup: Duration,
}

/// Everything that exports need.
pub struct Exports {
    /// Carryall's own records.
    pub ledger: Ledger,
    /// Where the data comes from.
    pub product: Arc<Product>,
    /// Where the files go.
    pub artifacts: Artifacts,
    /// What the files are signed with.
    pub keys: Keys,
    /// The time.
    pub clock: Clock,
    /// Tokens, keys, ids.
    pub random: Randomness,
    /// How the job is run.
    pub settings: Settings,
    /// What happened so far.
    pub metrics: Metrics,
    wake: Notify,
    /// Places for those whose click waits for its export.
    waiting: Semaphore,
    /// Nothing is begun any more.
    stop: CancellationToken,
    /// Nothing is ended any more, either.
    hand_back: CancellationToken,
}

impl Exports {
    /// Nothing runs until [`Exports::start`].
    pub fn new(
        ledger: Ledger,
        product: Arc<Product>,
        artifacts: Artifacts,
        keys: Keys,
        clock: Clock,
        random: Randomness,
        settings: Settings,
    ) -> Arc<Exports> {
        let (stop, hand_back) = (CancellationToken::new(), CancellationToken::new());
        Arc::new(Exports {
            ledger,
            product,
            artifacts,
            keys,
            clock,
            random,
            settings,
            metrics: Metrics::default(),
            wake: Notify::new(),
            waiting: Semaphore::new(WAITING),
            stop,
            hand_back,
        })
    }

    /// Whether the program was asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Starts the workers and the clean-up.
    pub fn start(self: &Arc<Self>) -> Running {
        let tasks = TaskTracker::new();
        for number in 0..self.settings.builders {
            let is_for_small = number == 0 && self.settings.builders > 1;
            let most_bytes = is_for_small.then_some(self.settings.small_bytes);
            tasks.spawn(Arc::clone(self).work(most_bytes));
        }
        if self.settings.builders > 0 {
            let (stop, exports) = (self.stop.clone(), Arc::clone(self));
            let told = move || exports.wake.notify_one();
            self.ledger.listen(move || stop.is_cancelled(), told);
        }
        tasks.spawn(Arc::clone(self).keep_clean());
        tasks.close();
        Running {
            tasks,
            stop: self.stop.clone(),
            hand_back: self.hand_back.clone(),
            last_builds: self.settings.last_builds,
        }
    }
}

/// The running workers.
pub struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
    hand_back: CancellationToken,
    last_builds: Duration,
}

impl Running {
    /// Stops them: nothing is begun any more, and what is not finished in time goes back into the queue, where
    /// another node takes it at once.
    pub async fn stop(self) {
        self.stop.cancel();
        let finished = tokio::time::timeout(self.last_builds, self.tasks.wait()).await;
        if finished.is_err() {
            self.hand_back.cancel();
            self.tasks.wait().await;
        }
    }
}
