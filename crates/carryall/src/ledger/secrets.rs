//! The keys of artifacts: made with the claim, gone with the artifact.
//!
//! The database itself deletes a key with the last word of its artifact (see the migration), and overwrites
//! what it deletes.

use std::fmt;

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::engines;
use super::sql::{Tx, named_params};
use super::{ExportId, Ledger, LedgerError, SubjectKey};

/// What one artifact is encrypted with. It is wiped when dropped, and never shown.
#[derive(Clone)]
pub struct ArtifactSecret(pub Zeroizing<[u8; 32]>);

impl fmt::Debug for ArtifactSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ArtifactSecret(…)")
    }
}

const KEEP: &str = "INSERT INTO artifact_keys (artifact_key, secret) VALUES (:key, :secret)";
const FIND: &str = "SELECT secret FROM artifact_keys WHERE artifact_key = :key";
const DAMAGED: &str = "
    UPDATE exports SET status = 'failed', failure = :failure, finished_at = :now, artifact_key = NULL
    WHERE id = :id AND subject_key = :subject AND status = 'ready'";

/// Keeps the key of an artifact that is about to be written.
pub(super) fn keep(
    tx: &Tx<'_>,
    artifact_key: &str,
    secret: &ArtifactSecret,
) -> Result<(), LedgerError> {
    let params = named_params! { ":key": artifact_key, ":secret": &secret.0[..] };
    tx.execute(KEEP, params).map(drop)
}

impl Ledger {
    /// The key of an artifact; none of one that was written before artifacts were encrypted.
    pub async fn artifact_secret(
        &self,
        artifact_key: &str,
    ) -> Result<Option<ArtifactSecret>, LedgerError> {
        let key = artifact_key.to_owned();
        self.run(move |tx| tx.one(FIND, named_params! { ":key": key }, |row| row.get(0)))
            .await
            .map(|found| found.map(|secret| ArtifactSecret(Zeroizing::new(secret))))
    }

    /// Ends an export whose artifact is not what was written any more. False when it was not there to end.
    pub async fn fail_damaged_artifact(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        failure: &'static str,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| {
            let params = named_params! {
                ":id": id.to_string(), ":subject": subject.0, ":failure": failure,
                ":now": now.as_millisecond()
            };
            Ok(tx.execute(DAMAGED, params)? == 1)
        })
        .await
    }

    /// Empties the journal of what was written before, where the engine lets it.
    pub async fn empty_journal(&self) -> Result<(), LedgerError> {
        self.run(engines::empty_journal).await
    }
}
