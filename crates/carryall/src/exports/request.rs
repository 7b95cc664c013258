//! What a person does with their exports: ask, stop, download, delete.
//!
//! Each verb takes the person's key, which comes from the session, and touches nothing of anybody else.

use std::io;
use std::time::Duration;

use carryall_format::original::Original;

use super::Exports;
use super::failure::{ExportsError, Failure};
use super::sealed::Sealed;
use crate::ledger::{
    Artifact, Caller, Export, ExportId, NewExport, Protected, Requested, Status, SubjectKey,
};
use crate::product::Scope;
use crate::traces;

/// How soon a request that waits for its export looks, and how rarely after a while: many may wait.
const GLANCE: Duration = Duration::from_millis(25);
const LATER_GLANCE: Duration = Duration::from_millis(250);

impl Exports {
    /// Asks for an export; while one runs, that one is the answer.
    pub async fn request(
        &self,
        subject: &SubjectKey,
        scope: Scope,
        protected: Option<Protected>,
        by: &Caller,
    ) -> Result<Requested, ExportsError> {
        let now = self.clock.now();
        let id = ExportId(self.random.uuid(now));
        let new = NewExport {
            id,
            subject_key: subject.clone(),
            by: by.clone(),
            scope,
            protected,
            now,
            per_day: self.settings.per_day,
            per_hour: self.settings.per_hour,
        };
        let requested = self.ledger.request_export(new).await?;
        if let Requested::Queued(export) = &requested {
            tracing::info!(export = %export.id, "export requested");
            traces::begun(export.id);
        }
        self.wake.notify_one();
        Ok(requested)
    }

    /// Tells a worker that something waits.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Waits a moment for an export to end: a small one is ready within the click's own request. Where many
    /// wait already, nobody else does: the page follows the export by itself.
    pub async fn wait_briefly(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        patience: Duration,
    ) -> Result<(), ExportsError> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Ok(());
        };
        let deadline = tokio::time::Instant::now() + patience;
        let mut pause = GLANCE;
        while tokio::time::Instant::now() < deadline {
            let export = self.ledger.find_export(subject, id).await?;
            if !export.is_some_and(|export| export.status.is_running()) {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f32(1.5).min(LATER_GLANCE);
        }
        Ok(())
    }

    /// Stops a running export.
    pub async fn cancel(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        by: &Caller,
    ) -> Result<bool, ExportsError> {
        let now = self.clock.now();
        Ok(self.ledger.cancel_export(subject, id, by, now).await?)
    }

    /// Removes a finished file now. False when there was none of theirs.
    pub async fn delete(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        by: &Caller,
    ) -> Result<bool, ExportsError> {
        let now = self.clock.now();
        let found = self.ledger.delete_artifact(subject, id, by, now).await?;
        let Some(key) = found else {
            return Ok(false);
        };
        self.remove_file(key).await;
        Ok(true)
    }

    /// Opens a finished file for its owner, if the account is still active.
    ///
    /// None when there is no such file of theirs, or its time is up.
    pub async fn open(
        &self,
        subject: &SubjectKey,
        id: ExportId,
    ) -> Result<Option<(Artifact, Original)>, ExportsError> {
        let key = subject.clone();
        self.product
            .ask(move |product| product.find_active_subject(&key))
            .await?;
        let export = self.ledger.find_export(subject, id).await?;
        let Some(artifact) = export.and_then(|export| self.downloadable(export)) else {
            return Ok(None);
        };
        let secret = self.ledger.artifact_secret(&artifact.key).await?;
        let (key, size_bytes) = (artifact.key.clone(), artifact.size_bytes);
        let opened = self.artifacts.ask(move |artifacts| match secret {
            Some(secret) => artifacts
                .read(&key)
                .and_then(|stored| Sealed::open(stored, &secret, size_bytes))
                .map(Original::new),
            // Written in clear by a version before this one, and kept until its time is up.
            None => artifacts.read_clear(&key).map(Original::new),
        });
        match opened.await {
            Ok(original) => Ok(Some((artifact, original))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if is_damage(&error) => {
                self.end_damaged(subject, id, &artifact.key, &error).await?;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends an export whose file is not what was written: the person is told, and can ask for it again.
    pub async fn end_damaged(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        artifact_key: &str,
        error: &io::Error,
    ) -> Result<(), ExportsError> {
        if !is_damage(error) {
            tracing::warn!(export = %id, error = %error, "an artifact cannot be read");
            return Ok(());
        }
        tracing::error!(export = %id, error = %error, "an artifact is damaged: it is removed");
        let (failure, now) = (Failure::ArtifactDamaged.code(), self.clock.now());
        self.ledger
            .fail_damaged_artifact(subject, id, failure, now)
            .await?;
        self.remove_file(artifact_key.to_owned()).await;
        Ok(())
    }

    /// The file of an export that can be downloaded at this moment.
    pub fn downloadable(&self, export: Export) -> Option<Artifact> {
        let in_time = export
            .expires_at
            .is_some_and(|expires_at| self.clock.now() < expires_at);
        export
            .artifact
            .filter(|_| export.status == Status::Ready && in_time)
    }
}

/// Whether the bytes are to blame, and not the disk.
fn is_damage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof
    )
}
