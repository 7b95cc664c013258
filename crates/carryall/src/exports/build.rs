//! Builds one export into the artifact of one attempt.
//!
//! Runs on a thread of its own and knows nothing of leases: it returns a whole file under its final
//! name, or nothing. A busy database is asked again a few times, because writers of the product come and go;
//! what is away for longer is the worker's to wait for.

use std::io::Write;
use std::time::Duration;

use carryall_format::sign::SigningKey;

use super::artifacts::{Artifacts, Writing, is_wrong_size};
use super::estimate::estimated_bytes;
use super::failure::{Failure, is_disk_full};
use super::progress::BuildProgress;
use super::sealed::{self, bytes_on_disk};
use crate::keys::Keys;
use crate::ledger::{Artifact, Lease};
use crate::product::{Exported, Order, Product, ProductError, Progress as _};
use crate::protect::chunks::ChunkWriter;
use crate::protect::handed::{Handed, Hashed};
use crate::random::{Randomness, hex};

/// Space that must stay free on the disk beside the export.
const RESERVED_BYTES: u64 = 32 << 20;

/// How a build ended.
#[derive(Debug)]
pub enum Built {
    /// The file is there.
    Whole(Artifact),
    /// There is no file, for this reason.
    Failed(Failure, String),
    /// There is no file, because it was asked to stop.
    Stopped,
    /// There is no file, because it would be too large for this builder.
    TooLarge,
}

/// What a build needs.
pub struct Build<'a> {
    /// Where the data comes from.
    pub product: &'a Product,
    /// Where the file goes.
    pub artifacts: &'a Artifacts,
    /// What signs the file.
    pub keys: &'a Keys,
    /// What no two files have in common.
    pub random: &'a Randomness,
    /// What to build.
    pub lease: &'a Lease,
    /// Told how far it is.
    pub progress: &'a BuildProgress,
    /// How long to wait before each further try when the database is busy.
    pub patience: &'a [Duration],
    /// What becomes larger is left to another builder.
    pub most_bytes: Option<u64>,
}

impl Build<'_> {
    /// Builds it; whatever is not whole is removed again.
    pub fn run(&self) -> Built {
        let signing_key = match self.keys.signing_key() {
            Ok(key) => key,
            // Better none than one that looks forged.
            Err(error) => return Built::Failed(Failure::KeyUnreadable, causes(&error)),
        };
        let mut patience = self.patience.iter();
        let mut was_busy = false;
        let outcome = loop {
            match self.attempt(&signing_key) {
                Err(error) if may_pass(&error, was_busy) && !self.progress.is_cancelled() => {
                    let Some(pause) = patience.next() else {
                        break Err(error);
                    };
                    was_busy = true;
                    let export = self.lease.export.id;
                    tracing::warn!(%export, cause = %causes(&error), "export is tried again");
                    std::thread::sleep(*pause);
                }
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(artifact) => Built::Whole(artifact),
            Err(end) => {
                // What cannot be removed now is found by the sweep.
                let _ = self.artifacts.remove(&self.lease.artifact_key);
                match end {
                    ProductError::Cancelled if self.is_too_large() => Built::TooLarge,
                    ProductError::Cancelled => Built::Stopped,
                    error => Built::Failed(Failure::of(&error), causes(&error)),
                }
            }
        }
    }

    fn attempt(&self, signing_key: &SigningKey) -> Result<Artifact, ProductError> {
        let export = &self.lease.export;
        // The account may have been closed since the request.
        let subject = self.product.find_active_subject(&export.subject_key)?;
        let expected_bytes = self.check_space()?;
        let sealing = sealed::seal(
            self.create(expected_bytes)?,
            &self.lease.artifact_secret,
            &self.random.nonce(),
        );
        let sealing = Handed::new(sealing.map_err(output)?);
        let order = Order {
            export_id: export.id.to_string(),
            subject_key: subject.key,
            scope: export.scope.clone(),
            signing_key: signing_key.clone(),
        };
        let exported = self.write(&order, sealing.other())?;
        if let Some(lag) = exported.replica_lag {
            let lag_ms = u64::try_from(lag.as_millis()).unwrap_or(u64::MAX);
            tracing::info!(export = %export.id, lag_ms, "read from a replica");
        }
        let written = sealing.take().and_then(ChunkWriter::finish);
        let written = written.map_err(output)?;
        let size_bytes = bytes_on_disk(exported.size_bytes);
        let finished = self
            .artifacts
            .finish(&self.lease.artifact_key, written, size_bytes);
        finished.map_err(|error| {
            if is_wrong_size(&error) {
                ProductError::Refused(Box::new(error))
            } else {
                output(error)
            }
        })?;
        Ok(self.artifact(&exported))
    }

    /// Writes the export, protected if that was asked for: size and digest are those of what can be
    /// downloaded.
    fn write(
        &self,
        order: &Order,
        out: impl Write + Send + 'static,
    ) -> Result<Exported, ProductError> {
        let Some(lock) = &self.lease.lock else {
            if self.lease.export.protection.is_some() {
                // Never in clear what was to be protected.
                return Err(ProductError::Refused("the lock of the file is gone".into()));
            }
            return self.product.export(order, out, self.progress);
        };
        let closing = lock.encrypt(Hashed::new(out), &self.random.nonce());
        let closing = Handed::new(closing.map_err(output)?);
        let exported = self.product.export(order, closing.other(), self.progress)?;
        let closed = closing.take().and_then(ChunkWriter::finish);
        let (_, size_bytes, sha256) = closed.map_err(output)?.finish();
        Ok(Exported {
            size_bytes,
            sha256,
            ..exported
        })
    }

    fn is_too_large(&self) -> bool {
        let expected = self.progress.so_far().expected_bytes.unwrap_or(0);
        self.most_bytes.is_some_and(|most| expected > most)
    }

    /// Refuses to begin what cannot end, and what another builder is to have; the answer is about how long
    /// it will be.
    fn check_space(&self) -> Result<u64, ProductError> {
        let export = &self.lease.export;
        let counts = self.product.count(&export.subject_key)?;
        let expected = estimated_bytes(&counts, &export.scope);
        self.progress.restart(expected);
        if self.is_too_large() {
            return Err(ProductError::Cancelled);
        }
        let free = self.artifacts.free_bytes().map_err(output)?;
        if free.is_some_and(|free| free < expected.saturating_add(RESERVED_BYTES)) {
            return Err(output(std::io::ErrorKind::StorageFull.into()));
        }
        Ok(expected)
    }

    fn create(&self, expected_bytes: u64) -> Result<Writing, ProductError> {
        self.artifacts
            .create(&self.lease.artifact_key, expected_bytes)
            .map_err(output)
    }

    fn file_name(&self, exported: &Exported) -> String {
        let name = self.product.file_name(exported.snapshot_at);
        match self.lease.export.protection {
            Some(_) => format!("{name}.age"),
            None => name,
        }
    }

    fn artifact(&self, exported: &Exported) -> Artifact {
        let counts = exported
            .counts
            .iter()
            .map(|(section, n)| (section.name().to_owned(), *n));
        Artifact {
            key: self.lease.artifact_key.clone(),
            file_name: self.file_name(exported),
            size_bytes: exported.size_bytes,
            sha256: hex(&exported.sha256),
            signed_by: exported
                .signature
                .as_ref()
                .map(|signature| signature.key_id().to_string()),
            gap_count: exported.gap_count,
            counts: counts.collect(),
        }
    }
}

fn output(error: std::io::Error) -> ProductError {
    ProductError::Output(Box::new(error))
}

/// Whether another try may end well, from a new snapshot. A database that does not answer is waited for only if
/// it did before: `was_busy`.
fn may_pass(error: &ProductError, was_busy: bool) -> bool {
    match error {
        ProductError::Busy(_) => !is_disk_full(error),
        ProductError::Unavailable(_) => was_busy,
        _ => false,
    }
}

/// The error with everything below it, for the log.
fn causes(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |error| error.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
