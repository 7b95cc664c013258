//! Takes exports from the queue and builds them, one at a time for each worker.
//!
//! The build runs on a thread of its own; the worker keeps the lease, notes how far it is, and stops
//! the build when the lease is lost or the program ends. Only the ledger decides who publishes, so a
//! worker that was away too long does no harm.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::build::{Build, Built};
use super::failure::Failure;
use super::progress::BuildProgress;
use super::{Exports, Settings};
use crate::clock::later;
use crate::ledger::{Artifact, ArtifactSecret, Claim, Lease, LedgerError};
use crate::metrics::Outcome;
use crate::traces::Traces;

/// Before an export is tried again that could not be built because something did not answer.
const SHORTEST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often an idle worker looks for exports of other processes.
const POLL: Duration = Duration::from_secs(1);

impl Exports {
    /// Builds exports until the program ends, then hands back what is not finished.
    pub(super) async fn work(self: Arc<Self>, most_bytes: Option<u64>) {
        while !self.stop.is_cancelled() {
            match self.claim(most_bytes).await {
                Ok(Some(lease)) => self.build(lease, most_bytes).await,
                Ok(None) => self.wait_for_work().await,
                Err(error) => {
                    tracing::error!(error = %error, "cannot read the queue of exports");
                    self.wait_for_work().await;
                }
            }
        }
    }

    async fn wait_for_work(&self) {
        tokio::select! {
            () = self.wake.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn claim(&self, most_bytes: Option<u64>) -> Result<Option<Lease>, LedgerError> {
        let claim = Claim {
            owner: self.settings.worker_name.clone(),
            token: self.random.token(),
            artifact_key: self.random.artifact_key(),
            artifact_secret: ArtifactSecret(self.random.seed()),
            now: self.clock.now(),
            lease: self.settings.lease,
            max_attempts: self.settings.max_attempts,
            most_bytes,
        };
        let claimed = self.ledger.claim_next_export(claim).await?;
        for _ in 0..claimed.given_up {
            tracing::error!(failure = Failure::Interrupted.code(), "export failed");
            self.metrics.failed(Failure::Interrupted);
        }
        Ok(claimed.lease)
    }

    /// Builds one export and tells the ledger how it ended.
    async fn build(&self, lease: Lease, most_bytes: Option<u64>) {
        let lease = Arc::new(lease);
        let (export, attempt) = (lease.export.id, lease.export.attempt);
        let (at, began) = (self.clock.now(), Instant::now());
        let _building = self.metrics.building();
        tracing::info!(%export, attempt, "export begins");
        if attempt > 1 {
            // What the worker before left is nobody's now, and may fill the disk.
            if let Err(error) = self.sweep().await {
                tracing::warn!(error = %error, "cannot look for files of dead workers");
            }
        }
        if lease.is_first {
            let waited = self.clock.now().duration_since(lease.export.created_at);
            self.metrics.first_begun(waited.unsigned_abs());
        }
        let progress = Arc::new(BuildProgress::default());
        let built = self.start_build(&lease, &progress, most_bytes);
        let told = match self.keep_lease(&lease, &progress, built).await {
            Built::Whole(artifact) => self.publish(&lease, artifact, began).await,
            Built::Failed(failure, cause) => match self.pause_after(failure, &lease) {
                Some(pause) => {
                    let (code, seconds) = (failure.code(), pause.as_secs());
                    tracing::warn!(%export, failure = code, %cause, seconds, "export is tried again");
                    self.metrics.deferred(failure);
                    self.hand_back(&lease, &progress, Some(pause)).await
                }
                None => self.fail(&lease, failure, &cause).await,
            },
            Built::Stopped | Built::TooLarge => self.hand_back(&lease, &progress, None).await,
        };
        match told {
            Ok(end) => self.note_try(&lease, at, began.elapsed(), end),
            // The lease runs out and the export is taken up again.
            Err(error) => {
                tracing::error!(%export, error = %error, "cannot note how the export ended");
            }
        }
    }

    async fn fail(
        &self,
        lease: &Lease,
        failure: Failure,
        cause: &str,
    ) -> Result<Outcome, LedgerError> {
        let export = lease.export.id;
        tracing::error!(%export, failure = failure.code(), cause, "export failed");
        let (code, now) = (failure.code(), self.clock.now());
        if self.ledger.fail_export(lease, code, now).await?.is_ok() {
            self.metrics.failed(failure);
            return Ok(Outcome::Failed);
        }
        self.metrics.ended(Outcome::Lost);
        Ok(Outcome::Lost)
    }

    /// How long to wait before another try; none where there is none. The longer the person has waited
    /// already, the longer.
    fn pause_after(&self, failure: Failure, lease: &Lease) -> Option<Duration> {
        let waited = self.clock.now().duration_since(lease.export.created_at);
        let waited = waited.unsigned_abs();
        let is_tried_again = failure.may_pass() && waited < self.settings.retry_for;
        is_tried_again.then(|| (waited / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE))
    }

    /// For another worker, or for this one when it is started again.
    async fn hand_back(
        &self,
        lease: &Lease,
        progress: &BuildProgress,
        pause: Option<Duration>,
    ) -> Result<Outcome, LedgerError> {
        let expected = progress.so_far().expected_bytes;
        let not_before = pause.map(|pause| later(self.clock.now(), pause));
        let handed_back = self.ledger.hand_back_export(lease, expected, not_before);
        let handed_back = handed_back.await;
        // For the builder beside this one.
        self.wake.notify_one();
        let end = match handed_back? {
            Ok(()) => Outcome::HandedBack,
            Err(_) => Outcome::Lost,
        };
        self.metrics.ended(end);
        Ok(end)
    }

    /// Starts the thread; nothing comes back if it panics.
    fn start_build(
        &self,
        lease: &Arc<Lease>,
        progress: &Arc<BuildProgress>,
        most_bytes: Option<u64>,
    ) -> oneshot::Receiver<Built> {
        let (tell, built) = oneshot::channel();
        let (product, artifacts) = (Arc::clone(&self.product), self.artifacts.clone());
        let (keys, random) = (self.keys.clone(), self.random.clone());
        let (lease, progress) = (Arc::clone(lease), Arc::clone(progress));
        let patience = self.settings.patience.clone();
        std::thread::spawn(move || {
            let work = Build {
                product: &product,
                artifacts: &artifacts,
                keys: &keys,
                random: &random,
                lease: &lease,
                progress: &progress,
                patience: &patience,
                most_bytes,
            };
            let _ = tell.send(work.run());
        });
        built
    }

    /// Waits for the build, with a heartbeat; cancels it when it is no longer ours.
    async fn keep_lease(
        &self,
        lease: &Lease,
        progress: &BuildProgress,
        mut built: oneshot::Receiver<Built>,
    ) -> Built {
        let mut beat = interval(self.settings.heartbeat);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                outcome = &mut built => {
                    let Ok(outcome) = outcome else {
                        self.remove_file(lease.artifact_key.clone()).await;
                        let panicked = "the build panicked".to_owned();
                        return Built::Failed(Failure::CheckFailed, panicked);
                    };
                    return outcome;
                }
                () = self.hand_back.cancelled(), if !progress.was_cancelled() => progress.cancel(),
                _ = beat.tick() => {
                    let until = later(self.clock.now(), self.settings.lease);
                    match self.ledger.heartbeat(lease, progress.so_far(), until).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => progress.cancel(),
                        Err(error) => tracing::warn!(error = %error, "heartbeat missed"),
                    }
                }
            }
        }
    }

    /// The one update that makes the file downloadable; without the lease the file goes.
    async fn publish(
        &self,
        lease: &Lease,
        artifact: Artifact,
        began: Instant,
    ) -> Result<Outcome, LedgerError> {
        let now = self.clock.now();
        let (size_bytes, gaps) = (artifact.size_bytes, artifact.gap_count);
        let expires_at = later(now, self.settings.expire_after);
        let ledger = &self.ledger;
        let published = ledger.publish_artifact(lease, artifact, now, expires_at);
        if let Err(lost) = published.await? {
            self.metrics.ended(Outcome::Lost);
            tracing::warn!(export = %lease.export.id, "{lost}; its file is removed");
            self.remove_file(lease.artifact_key.clone()).await;
            return Ok(Outcome::Lost);
        }
        self.metrics.ready(began.elapsed(), size_bytes, gaps);
        tracing::info!(export = %lease.export.id, size_bytes, gaps, "export ready");
        Ok(Outcome::Ready)
    }
}

impl Settings {
    /// What a laptop and a server need alike.
    pub fn new(worker_name: String) -> Settings {
        Settings {
            worker_name,
            builders: 2,
            small_bytes: 64 << 20,
            last_builds: Duration::from_secs(5),
            lease: Duration::from_secs(10),
            heartbeat: Duration::from_millis(300),
            max_attempts: 5,
            retry_for: Duration::from_mins(10),
            patience: [200, 1_000, 5_000].map(Duration::from_millis).to_vec(),
            expire_after: Duration::from_hours(24),
            per_day: 20,
            per_hour: None,
            idle_after: Duration::from_mins(30),
            audit_keep: None,
            traces: Traces::default(),
            cleanup: Duration::from_mins(1),
        }
    }
}
