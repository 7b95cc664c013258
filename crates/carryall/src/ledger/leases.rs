//! Who builds which export, for how long, and that nobody else can publish it.
//!
//! A worker that dies leaves a lease that runs out; the next claim takes its export up again under a
//! new token. Whoever holds an old token can change nothing any more, however late it wakes up.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::audit::append;
use super::engines::{one_worker_each, tell_that_one_waits};
use super::secrets::{self, ArtifactSecret};
use super::sql::{Tx, named_params};
use super::{
    Artifact, Caller, Event, Export, ExportId, Kind, Ledger, LedgerError, Progress, SubjectKey,
    locks,
};
use crate::clock::later;
use crate::protect::Lock;

/// A worker's claim on the next export.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The worker, for whoever reads the ledger.
    pub owner: String,
    /// The fencing token, new for each claim.
    pub token: String,
    /// The artifact's key, new for each attempt.
    pub artifact_key: String,
    /// What the artifact is encrypted with, new for each attempt.
    pub artifact_secret: ArtifactSecret,
    /// Now.
    pub now: Timestamp,
    /// How long the lease lasts without a heartbeat.
    pub lease: Duration,
    /// An export that was begun so often is given up.
    pub max_attempts: u32,
    /// Leaves exports alone that are known to become larger; none takes any.
    pub most_bytes: Option<u64>,
}

/// The right to build one export.
#[derive(Debug, Clone)]
pub struct Lease {
    /// What to build.
    pub export: Export,
    /// Proves the right.
    pub token: String,
    /// Where to build it.
    pub artifact_key: String,
    /// What to encrypt it with.
    pub artifact_secret: ArtifactSecret,
    /// What closes the file for everybody but the person, if they asked for that.
    pub lock: Option<Lock>,
    /// Whether nobody has begun it before.
    pub is_first: bool,
}

/// What a claim found.
#[derive(Debug, Default)]
pub struct Claimed {
    /// The export to build, if one waits.
    pub lease: Option<Lease>,
    /// How many were begun too often and are given up.
    pub given_up: usize,
}

/// Somebody else has the export now, or nobody needs it any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease on this export is lost")]
pub struct LeaseLost;

const GIVE_UP: &str = "
    UPDATE exports SET status = 'failed', failure = 'interrupted', finished_at = :now,
        lease_token = NULL, lease_expires_at = NULL, artifact_key = NULL
    WHERE status = 'building' AND lease_expires_at <= :now AND attempt >= :max_attempts
    RETURNING *";
// Whoever asks again and again waits behind those who ask for the first time within an hour.
const NEXT: &str = "SELECT id FROM exports
    WHERE ((status = 'queued' AND coalesce(not_before, 0) <= :now) OR (status = 'building' AND lease_expires_at <= :now))
        AND coalesce(expected_bytes, 0) <= :most_bytes
    ORDER BY (SELECT count(*) FROM exports others
            WHERE others.subject_key = exports.subject_key AND others.id <> exports.id
                AND others.started_at IS NOT NULL AND others.created_at > :recently),
        created_at, id LIMIT 1";
const RECENTLY: SignedDuration = SignedDuration::from_hours(1);
const CLAIM: &str = "
    UPDATE exports SET status = 'building', attempt = attempt + 1, lease_owner = :owner,
        lease_token = :token, lease_expires_at = :lease_expires_at, artifact_key = :artifact_key,
        section = NULL, records = 0, bytes = 0, started_at = coalesce(started_at, :now)
    WHERE id = :id
    RETURNING *";
const HEARTBEAT: &str = "
    UPDATE exports SET lease_expires_at = :lease_expires_at, section = :section, records = :records,
        bytes = :bytes, expected_bytes = :expected_bytes
    WHERE id = :id AND lease_token = :token AND status = 'building'";
const PUBLISH: &str = "
    UPDATE exports SET status = 'ready', file_name = :file_name, size_bytes = :size_bytes,
        sha256 = :sha256, signed_by = :signed_by, gap_count = :gap_count, counts = :counts, finished_at = :now,
        expires_at = :expires_at, bytes = :size_bytes, failure = NULL,
        lease_token = NULL, lease_expires_at = NULL
    WHERE id = :id AND lease_token = :token AND status = 'building' AND artifact_key = :artifact_key";
const FAIL: &str = "
    UPDATE exports SET status = 'failed', failure = :failure, finished_at = :now,
        lease_token = NULL, lease_expires_at = NULL, artifact_key = NULL
    WHERE id = :id AND lease_token = :token AND status = 'building'";
const HAND_BACK: &str = "
    UPDATE exports SET status = 'queued', attempt = attempt - 1, artifact_key = NULL,
        expected_bytes = :expected_bytes, lease_token = NULL, lease_expires_at = NULL,
        not_before = :not_before
    WHERE id = :id AND lease_token = :token AND status = 'building'";

impl Ledger {
    /// Takes the oldest export that waits or whose worker has died, if there is one.
    pub async fn claim_next_export(&self, claim: Claim) -> Result<Claimed, LedgerError> {
        self.write(move |tx| {
            let given_up = give_up(tx, &claim)?;
            let lease = take_next(tx, claim)?;
            Ok(Claimed { lease, given_up })
        })
        .await
    }

    /// Prolongs the lease and notes how far the export is.
    pub async fn heartbeat(
        &self,
        lease: &Lease,
        progress: Progress,
        until: Timestamp,
    ) -> Result<Result<(), LeaseLost>, LedgerError> {
        let (id, token) = (lease.export.id, lease.token.clone());
        self.held(None, move |tx| {
            tx.execute(
                HEARTBEAT,
                named_params! {
                    ":id": id.to_string(), ":token": token, ":section": progress.section,
                    ":records": progress.records, ":bytes": progress.bytes,
                    ":expected_bytes": progress.expected_bytes,
                    ":lease_expires_at": until.as_millisecond(),
                },
            )
        })
        .await
    }

    /// Makes the finished file the export's, in one step, if the lease still holds.
    pub async fn publish_artifact(
        &self,
        lease: &Lease,
        artifact: Artifact,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Result<(), LeaseLost>, LedgerError> {
        let (id, token) = (lease.export.id, lease.token.clone());
        let counts =
            serde_json::to_string(&artifact.counts).map_err(|_| LedgerError::Unreadable {
                column: "counts".to_owned(),
                what: "what is not JSON",
            })?;
        let event = of_program(Kind::ExportFinished, &lease.export).with(json!({
            "records": artifact.counts.values().sum::<u64>(), "gaps": artifact.gap_count,
            "bytes": artifact.size_bytes, "sha256": artifact.sha256,
        }));
        self.held(Some((now, event)), move |tx| {
            tx.execute(
                PUBLISH,
                named_params! {
                    ":id": id.to_string(), ":token": token, ":artifact_key": artifact.key,
                    ":file_name": artifact.file_name, ":size_bytes": artifact.size_bytes,
                    ":sha256": artifact.sha256, ":signed_by": artifact.signed_by,
                    ":gap_count": artifact.gap_count, ":counts": counts, ":now": now.as_millisecond(),
                    ":expires_at": expires_at.as_millisecond(),
                },
            )
        })
        .await
    }

    /// Ends the export without a file.
    pub async fn fail_export(
        &self,
        lease: &Lease,
        failure: &'static str,
        now: Timestamp,
    ) -> Result<Result<(), LeaseLost>, LedgerError> {
        let (id, token) = (lease.export.id, lease.token.clone());
        let event = of_program(Kind::ExportFailed, &lease.export).ended(failure);
        self.held(Some((now, event)), move |tx| {
            let params = named_params! {
                ":id": id.to_string(), ":token": token, ":failure": failure,
                ":now": now.as_millisecond(),
            };
            tx.execute(FAIL, params)
        })
        .await
    }

    /// Gives the export back to the queue, as if this attempt had not been; `expected_bytes` is how large it
    /// will be, if that is known. Nobody takes it before then.
    pub async fn hand_back_export(
        &self,
        lease: &Lease,
        expected_bytes: Option<u64>,
        not_before: Option<Timestamp>,
    ) -> Result<Result<(), LeaseLost>, LedgerError> {
        let (id, token): (ExportId, String) = (lease.export.id, lease.token.clone());
        self.held(None, move |tx| {
            let params = named_params! {
                ":id": id.to_string(), ":token": token, ":expected_bytes": expected_bytes,
                ":not_before": not_before.map(Timestamp::as_millisecond),
            };
            tell_that_one_waits(tx)?;
            tx.execute(HAND_BACK, params)
        })
        .await
    }

    /// Runs an update that only the holder of the lease may make, and notes it with its event.
    async fn held(
        &self,
        event: Option<(Timestamp, Event)>,
        update: impl FnOnce(&Tx<'_>) -> Result<usize, LedgerError> + Send + 'static,
    ) -> Result<Result<(), LeaseLost>, LedgerError> {
        let Some((at, event)) = event else {
            return self.change(move |tx| Ok(held(update(tx)?))).await;
        };
        self.write(move |tx| {
            let answer = held(update(tx)?);
            if answer.is_ok() {
                append(tx, at, &event)?;
            }
            Ok(answer)
        })
        .await
    }
}

/// What an update of so many rows means for whoever thought to hold the lease.
fn held(updated: usize) -> Result<(), LeaseLost> {
    if updated == 1 { Ok(()) } else { Err(LeaseLost) }
}

/// Takes the next export for this worker.
fn take_next(tx: &Tx<'_>, claim: Claim) -> Result<Option<Lease>, LedgerError> {
    let now = claim.now.as_millisecond();
    let next = format!("{NEXT} {}", one_worker_each(tx));
    let recently = claim.now.checked_sub(RECENTLY).unwrap_or(Timestamp::MIN);
    let params = named_params! {
        ":now": now, ":recently": recently.as_millisecond(),
        ":most_bytes": claim.most_bytes.unwrap_or(u64::MAX),
    };
    let next = tx.one(&next, params, |row| row.get::<String>(0))?;
    let Some(id) = next else { return Ok(None) };
    let params = named_params! {
        ":owner": claim.owner, ":token": claim.token, ":artifact_key": claim.artifact_key,
        ":lease_expires_at": later(claim.now, claim.lease).as_millisecond(), ":now": now,
        ":id": id,
    };
    let claimed = tx.one(CLAIM, params, |row| {
        let is_first = row.get::<Option<i64>>("started_at")? == Some(now);
        Ok((Export::from_row(row)?, is_first))
    })?;
    let Some((export, is_first)) = claimed else {
        return Ok(None);
    };
    secrets::keep(tx, &claim.artifact_key, &claim.artifact_secret)?;
    let facts = json!({ "attempt": export.attempt });
    let event = of_program(Kind::ExportStarted, &export).with(facts);
    append(tx, claim.now, &event)?;
    Ok(Some(Lease {
        lock: locks::find(tx, export.id)?,
        export,
        token: claim.token,
        artifact_key: claim.artifact_key,
        artifact_secret: claim.artifact_secret,
        is_first,
    }))
}

/// Ends exports that were begun too often; the answer is how many.
fn give_up(tx: &Tx<'_>, claim: &Claim) -> Result<usize, LedgerError> {
    let params = named_params! {
        ":now": claim.now.as_millisecond(), ":max_attempts": claim.max_attempts,
    };
    let given_up = tx.all(GIVE_UP, params, Export::from_row)?;
    for export in &given_up {
        let event = of_program(Kind::ExportFailed, export).ended("interrupted");
        append(tx, claim.now, &event)?;
    }
    Ok(given_up.len())
}

/// Something that the program did with an export by itself.
fn of_program(kind: Kind, export: &Export) -> Event {
    let key: &SubjectKey = &export.subject_key;
    Event::new(kind, Some(key), &Caller::default()).about(export.id)
}
