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
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::product::Product;
use crate::random::Randomness;
use artifacts::Artifacts;

/// How the job is run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// This process, in the ledger.
    pub worker_name: String,
    /// How many exports are built at the same time.
    pub builders: usize,
    /// How long an export waits for a worker that has died.
    pub lease: Duration,
    /// How often a worker says that it lives, and how far it is.
    pub heartbeat: Duration,
    /// How often an export is begun before it is given up.
    pub max_attempts: u32,
    /// How long to wait before each further try when the product's database is busy.
    pub patience: Vec<Duration>,
    /// How long a finished file is kept.
    pub expire_after: Duration,
    /// How many exports a person may ask for within a day.
    pub per_day: u32,
    /// How long a session may rest before it ends.
    pub idle_after: Duration,
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
    wake: Notify,
    stop: CancellationToken,
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
        let (wake, stop) = (Notify::new(), CancellationToken::new());
        Arc::new(Exports {
            ledger,
            product,
            artifacts,
            keys,
            clock,
            random,
            settings,
            wake,
            stop,
        })
    }

    /// Starts the workers and the clean-up.
    pub fn start(self: &Arc<Self>) -> Running {
        let tasks = TaskTracker::new();
        for _ in 0..self.settings.builders.max(1) {
            tasks.spawn(Arc::clone(self).work());
        }
        tasks.spawn(Arc::clone(self).keep_clean());
        tasks.close();
        Running {
            tasks,
            stop: self.stop.clone(),
        }
    }
}

/// The running workers.
pub struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    /// Stops them; builds that are not finished go back into the queue.
    pub async fn stop(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}
