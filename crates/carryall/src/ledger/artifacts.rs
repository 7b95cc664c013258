//! Finished files: what is known of them, which ones must go, which ones may stay.
//!
//! The ledger's word comes first and the file's removal second: a file that the ledger no longer
//! names cannot be downloaded, and the sweep finds it if the process dies in between.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Row, named_params};

use super::rows::counts;
use super::{ExportId, Ledger, LedgerError, SubjectKey};

/// A published file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// Its random name in the store.
    pub key: String,
    /// Its name for the person.
    pub file_name: String,
    /// Its size.
    pub size_bytes: u64,
    /// SHA-256 of the whole file, in hex.
    pub sha256: String,
    /// The id of the key that signed it.
    pub signed_by: Option<String>,
    /// How many gaps the file lists.
    pub gap_count: u64,
    /// Records in each section.
    pub counts: BTreeMap<String, u64>,
}

impl Artifact {
    /// What a row knows of its file; none before it was published.
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Option<Artifact>> {
        let (Some(file_name), Some(size_bytes), Some(sha256)) = (
            row.get("file_name")?,
            row.get("size_bytes")?,
            row.get("sha256")?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Artifact {
            key: row
                .get::<_, Option<String>>("artifact_key")?
                .unwrap_or_default(),
            file_name,
            size_bytes,
            sha256,
            signed_by: row.get("signed_by")?,
            gap_count: row.get::<_, Option<u64>>("gap_count")?.unwrap_or(0),
            counts: counts(row, "counts")?.unwrap_or_default(),
        }))
    }
}

const DUE: &str = "SELECT artifact_key FROM exports WHERE status = 'ready' AND expires_at <= :now";
const EXPIRE: &str = "
    UPDATE exports SET status = 'expired', artifact_key = NULL
    WHERE status = 'ready' AND expires_at <= :now";
const KEY_OF: &str = "
    SELECT artifact_key FROM exports WHERE id = :id AND subject_key = :subject AND status = 'ready'";
const DELETE: &str = "
    UPDATE exports SET status = 'deleted', artifact_key = NULL
    WHERE id = :id AND subject_key = :subject AND status = 'ready'";
const MARK_DOWNLOADED: &str = "
    UPDATE exports SET downloaded_at = coalesce(downloaded_at, :now)
    WHERE id = :id AND subject_key = :subject";
const KEPT: &str = "SELECT artifact_key FROM exports
    WHERE status IN ('building', 'ready') AND artifact_key IS NOT NULL";
const HOLDERS: &str = "SELECT DISTINCT subject_key FROM exports
    WHERE status IN ('queued', 'building', 'ready')
    UNION SELECT subject_key FROM sessions";
const KEYS_OF: &str = "SELECT artifact_key FROM exports
    WHERE subject_key = :subject AND artifact_key IS NOT NULL";
const CLOSE_READY: &str = "UPDATE exports SET status = 'deleted', artifact_key = NULL
    WHERE subject_key = :subject AND status = 'ready'";
const CLOSE_RUNNING: &str = "
    UPDATE exports SET status = 'cancelled', finished_at = :now, lease_token = NULL, artifact_key = NULL
    WHERE subject_key = :subject AND status IN ('queued', 'building')";
const CLOSE_SESSIONS: &str = "DELETE FROM sessions WHERE subject_key = :subject";

impl Ledger {
    /// Ends every export whose time is up; the answer is the files to remove.
    pub async fn expire_due(&self, now: Timestamp) -> Result<Vec<String>, LedgerError> {
        self.run(move |connection| {
            let tx =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let now = now.as_millisecond();
            let keys = keys(&tx, DUE, named_params! { ":now": now })?;
            tx.execute(EXPIRE, named_params! { ":now": now })?;
            tx.commit()?;
            Ok(keys)
        })
        .await
    }

    /// Takes a file away from its export; the answer is the file to remove, none if there was none.
    pub async fn delete_artifact(
        &self,
        subject: &SubjectKey,
        id: ExportId,
    ) -> Result<Option<String>, LedgerError> {
        let subject = subject.clone();
        self.run(move |connection| {
            let tx =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let id = id.to_string();
            let params = named_params! { ":id": id, ":subject": subject.0 };
            let key = keys(&tx, KEY_OF, params)?.pop();
            tx.execute(DELETE, params)?;
            tx.commit()?;
            Ok(key)
        })
        .await
    }

    /// Notes that a download began.
    pub async fn mark_downloaded(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let subject = subject.clone();
        self.run(move |connection| {
            let params = named_params! {
                ":id": id.to_string(), ":subject": subject.0, ":now": now.as_millisecond()
            };
            connection.execute(MARK_DOWNLOADED, params).map(drop)
        })
        .await
    }

    /// The files that an export still needs.
    pub async fn kept_artifacts(&self) -> Result<BTreeSet<String>, LedgerError> {
        self.run(|connection| Ok(keys(connection, KEPT, &[])?.into_iter().collect()))
            .await
    }

    /// Everybody who has a session, a file or an export on its way.
    pub async fn present_subjects(&self) -> Result<Vec<SubjectKey>, LedgerError> {
        self.run(|connection| {
            Ok(keys(connection, HOLDERS, &[])?
                .into_iter()
                .map(SubjectKey)
                .collect())
        })
        .await
    }

    /// Ends everything of an account that is gone: sessions, running exports, finished files.
    /// The answer is the files to remove.
    pub async fn close_account(
        &self,
        subject: &SubjectKey,
        now: Timestamp,
    ) -> Result<Vec<String>, LedgerError> {
        let subject = subject.clone();
        self.run(move |connection| {
            let tx =
                connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let params = named_params! { ":subject": subject.0 };
            let keys = keys(&tx, KEYS_OF, params)?;
            tx.execute(CLOSE_READY, params)?;
            tx.execute(
                CLOSE_RUNNING,
                named_params! { ":subject": subject.0, ":now": now.as_millisecond() },
            )?;
            tx.execute(CLOSE_SESSIONS, params)?;
            tx.commit()?;
            Ok(keys)
        })
        .await
    }
}

fn keys(
    connection: &rusqlite::Connection,
    sql: &str,
    params: &[(&str, &dyn rusqlite::ToSql)],
) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(sql)?
        .query_map(params, |row| row.get(0))?
        .collect()
}
