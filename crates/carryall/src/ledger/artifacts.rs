//! Finished files: what is known of them, which ones must go, which ones may stay.
//!
//! The ledger's word comes first and the file's removal second: a file that the ledger no longer
//! names cannot be downloaded, and the sweep finds it if the process dies in between.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;

use super::audit::append;
use super::rows::{counts, parsed};
use super::sql::{Named, Row, Tx, named_params};
use super::{Caller, Event, ExportId, Kind, Ledger, LedgerError, SubjectKey};

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
    /// Whether only the person can open it: it is named so.
    pub fn is_protected(&self) -> bool {
        self.file_name.strip_suffix(".age").is_some()
    }

    /// What a row knows of its file; none before it was published.
    pub(super) fn from_row(row: &Row<'_>) -> Result<Option<Artifact>, LedgerError> {
        let (Some(file_name), Some(size_bytes), Some(sha256)) = (
            row.get("file_name")?,
            row.get("size_bytes")?,
            row.get("sha256")?,
        ) else {
            return Ok(None);
        };
        Ok(Some(Artifact {
            key: row
                .get::<Option<String>>("artifact_key")?
                .unwrap_or_default(),
            file_name,
            size_bytes,
            sha256,
            signed_by: row.get("signed_by")?,
            gap_count: row.get::<Option<u64>>("gap_count")?.unwrap_or(0),
            counts: counts(row, "counts")?.unwrap_or_default(),
        }))
    }
}

const DUE: &str = "SELECT * FROM exports WHERE status = 'ready' AND expires_at <= :now";
const EXPIRE: &str = "
    UPDATE exports SET status = 'expired', artifact_key = NULL
    WHERE status = 'ready' AND expires_at <= :now";
const READY: &str = "
    SELECT * FROM exports WHERE id = :id AND subject_key = :subject AND status = 'ready'";
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
const HELD: &str = "SELECT * FROM exports
    WHERE subject_key = :subject AND status IN ('queued', 'building', 'ready')";
const CLOSE_READY: &str = "UPDATE exports SET status = 'deleted', artifact_key = NULL
    WHERE subject_key = :subject AND status = 'ready'";
const CLOSE_RUNNING: &str = "
    UPDATE exports SET status = 'cancelled', finished_at = :now, lease_token = NULL, artifact_key = NULL
    WHERE subject_key = :subject AND status IN ('queued', 'building')";
const CLOSE_SESSIONS: &str = "DELETE FROM sessions WHERE subject_key = :subject";

impl Ledger {
    /// Ends every export whose time is up; the answer is the files to remove.
    pub async fn expire_due(&self, now: Timestamp) -> Result<Vec<String>, LedgerError> {
        self.write(move |tx| {
            let time = named_params! { ":now": now.as_millisecond() };
            let due = holdings(tx, DUE, time)?;
            tx.execute(EXPIRE, time)?;
            for holding in &due {
                append(
                    tx,
                    now,
                    &holding.event(Kind::ExportExpired, &Caller::default()),
                )?;
            }
            Ok(files(due))
        })
        .await
    }

    /// Takes a file away from its export; the answer is the file to remove, none if there was none.
    pub async fn delete_artifact(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        by: &Caller,
        now: Timestamp,
    ) -> Result<Option<String>, LedgerError> {
        let (subject, by) = (subject.clone(), by.clone());
        self.write(move |tx| {
            let id = id.to_string();
            let params = named_params! { ":id": id, ":subject": subject.0 };
            let found = holdings(tx, READY, params)?;
            tx.execute(DELETE, params)?;
            for holding in &found {
                append(tx, now, &holding.event(Kind::ExportDeleted, &by))?;
            }
            Ok(files(found).pop())
        })
        .await
    }

    /// Notes that a download begins: of the whole file, or of the bytes `first` to `last`. False when
    /// there is no such file of theirs any more.
    pub async fn begin_download(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        bytes: (u64, u64),
        by: &Caller,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (subject, by) = (subject.clone(), by.clone());
        self.write(move |tx| {
            let key = id.to_string();
            let params = named_params! { ":id": key, ":subject": subject.0 };
            let size: Option<u64> = tx.one(READY, params, |row| row.get("size_bytes"))?;
            let Some(size) = size else { return Ok(false) };
            let (first, last) = bytes;
            if first == 0 {
                tx.execute(
                    MARK_DOWNLOADED,
                    named_params! { ":id": key, ":subject": subject.0, ":now": now.as_millisecond() },
                )?;
            }
            let is_whole = first == 0 && last.saturating_add(1) >= size;
            let event = Event::new(Kind::Download, Some(&subject), &by)
                .about(id)
                .ended(if is_whole { "whole" } else { "part" })
                .with(json!({ "first": first, "last": last, "of": size }));
            append(tx, now, &event)?;
            Ok(true)
        })
        .await
    }

    /// The files that an export still needs.
    pub async fn kept_artifacts(&self) -> Result<BTreeSet<String>, LedgerError> {
        self.run(|tx| Ok(keys(tx, KEPT)?.into_iter().collect()))
            .await
    }

    /// Everybody who has a session, a file or an export on its way.
    pub async fn present_subjects(&self) -> Result<Vec<SubjectKey>, LedgerError> {
        self.run(|tx| Ok(keys(tx, HOLDERS)?.into_iter().map(SubjectKey).collect()))
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
        self.write(move |tx| {
            let params = named_params! { ":subject": subject.0 };
            let held = holdings(tx, HELD, params)?;
            tx.execute(CLOSE_READY, params)?;
            tx.execute(
                CLOSE_RUNNING,
                named_params! { ":subject": subject.0, ":now": now.as_millisecond() },
            )?;
            tx.execute(CLOSE_SESSIONS, params)?;
            for holding in &held {
                let kind = if holding.is_ready {
                    Kind::ExportDeleted
                } else {
                    Kind::ExportCancelled
                };
                let event = holding.event(kind, &Caller::default());
                append(tx, now, &event.ended("account_closed"))?;
            }
            Ok(files(held))
        })
        .await
    }
}

/// An export that may have a file, in the middle of a change.
struct Holding {
    id: ExportId,
    subject_key: SubjectKey,
    is_ready: bool,
    file: Option<String>,
}

impl Holding {
    fn event(&self, kind: Kind, by: &Caller) -> Event {
        Event::new(kind, Some(&self.subject_key), by).about(self.id)
    }
}

fn holdings(tx: &Tx<'_>, sql: &str, params: &[Named<'_>]) -> Result<Vec<Holding>, LedgerError> {
    tx.all(sql, params, |row| {
        Ok(Holding {
            id: parsed(row, "id")?,
            subject_key: SubjectKey(row.get("subject_key")?),
            is_ready: row.get::<String>("status")? == "ready",
            file: row.get("artifact_key")?,
        })
    })
}

fn files(holdings: Vec<Holding>) -> Vec<String> {
    holdings
        .into_iter()
        .filter_map(|holding| holding.file)
        .collect()
}

fn keys(tx: &Tx<'_>, sql: &str) -> Result<Vec<String>, LedgerError> {
    tx.all(sql, named_params! {}, |row| row.get(0))
}
