//! Asking for an export: one running a person, so many a day, so many an hour of all people, and on the record in the same step.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::audit::append;
use super::engines::tell_that_one_waits;
use super::sql::{Tx, named_params};
use super::{
    Caller, Event, Export, ExportId, Kind, Ledger, LedgerError, Limit, Protected, SubjectKey, locks,
};
use crate::clock::later;
use crate::product::Scope;

/// What a person asks for.
#[derive(Debug, Clone)]
pub struct NewExport {
    /// The id that it gets.
    pub id: ExportId,
    /// Who asks.
    pub subject_key: SubjectKey,
    /// With which session, from where.
    pub by: Caller,
    /// For what.
    pub scope: Scope,
    /// What closes the file, if it is to be protected.
    pub protected: Option<Protected>,
    /// When.
    pub now: Timestamp,
    /// How many a person may ask for within a day.
    pub per_day: u32,
    /// How many all people together may ask for within an hour; none is without a limit.
    pub per_hour: Option<u32>,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Requested {
    /// It waits for a worker.
    Queued(Export),
    /// There was one already, and it goes on.
    AlreadyRunning(Export),
    /// The person has had as many as a day allows.
    TooMany {
        /// When the next one can be asked for.
        next: Timestamp,
    },
}

impl Requested {
    /// The export that runs now, unless there were too many.
    pub fn export(&self) -> Result<&Export, Timestamp> {
        match self {
            Requested::Queued(export) | Requested::AlreadyRunning(export) => Ok(export),
            Requested::TooMany { next } => Err(*next),
        }
    }
}

const INSERT: &str = "
    INSERT INTO exports (id, subject_key, workspace_id, since, until, file_contents, protection, status, created_at)
    VALUES (:id, :subject, :workspace, :since, :until, :file_contents, :protection, 'queued', :now)";
const RUNNING: &str =
    "SELECT * FROM exports WHERE subject_key = :subject AND status IN ('queued', 'building')";
// One that failed on our side is not held against the person.
const LIMITING: &str = "SELECT created_at FROM exports
    WHERE subject_key = :subject AND status <> 'failed' AND letter_id IS NULL AND created_at > :since
    ORDER BY created_at DESC LIMIT 1 OFFSET :per_day - 1";
// Whatever became of them, and by letter as well.
const LIMITING_ALL: &str = "SELECT created_at FROM exports WHERE created_at > :since
    ORDER BY created_at DESC LIMIT 1 OFFSET :per_hour - 1";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Ledger {
    /// Queues an export, unless the person has one running: then that one is the answer. The limit is
    /// looked at before anything is begun.
    pub async fn request_export(&self, new: NewExport) -> Result<Requested, LedgerError> {
        self.write(move |tx| {
            let event = Event::new(Kind::ExportRequested, Some(&new.subject_key), &new.by);
            let subject = named_params! { ":subject": new.subject_key.0 };
            let running = tx.one(RUNNING, subject, Export::from_row)?;
            if let Some(running) = running {
                let event = event.about(running.id).ended("already_running");
                append(tx, new.now, &event)?;
                return Ok(Requested::AlreadyRunning(running));
            }
            if let Some(next) = next_allowed(tx, &new)? {
                let limited = Event::new(Kind::Limited, Some(&new.subject_key), &new.by);
                per_day(&new).note_once(tx, &limited, new.now)?;
                return Ok(Requested::TooMany { next });
            }
            if let Some(next) = next_of_all(tx, &new)? {
                let limited = Event::new(Kind::Limited, Some(&new.subject_key), &new.by);
                per_hour(&new).note_once(tx, &limited, new.now)?;
                return Ok(Requested::TooMany { next });
            }
            tx.execute(
                INSERT,
                named_params! {
                    ":id": new.id.to_string(), ":subject": new.subject_key.0,
                    ":workspace": new.scope.workspace,
                    ":since": new.scope.since.map(Timestamp::as_millisecond),
                    ":until": new.scope.until.map(Timestamp::as_millisecond),
                    ":file_contents": new.scope.file_contents,
                    ":protection": new.protected.as_ref().map(|protected| protected.by.name()),
                    ":now": new.now.as_millisecond(),
                },
            )?;
            if let Some(protected) = &new.protected {
                locks::keep(tx, new.id, &protected.lock)?;
            }
            append(tx, new.now, &event.about(new.id).with(kind_of(&new)))?;
            tell_that_one_waits(tx)?;
            let queued = tx.one(RUNNING, subject, Export::from_row)?;
            queued.map(Requested::Queued).ok_or(LedgerError::Stopped)
        })
        .await
    }
}

/// The limit as far as refusals are noted; the exports themselves are what is counted.
fn per_day(new: &NewExport) -> Limit {
    Limit {
        name: "exports_per_day",
        who: new.subject_key.0.clone(),
        tries: new.per_day,
        within: DAY.unsigned_abs(),
    }
}

/// The limit of all people together, as far as refusals are noted.
fn per_hour(new: &NewExport) -> Limit {
    Limit {
        name: "exports_per_hour",
        who: new.subject_key.0.clone(),
        tries: new.per_hour.unwrap_or(u32::MAX),
        within: HOUR.unsigned_abs(),
    }
}

/// When anybody may ask again; none when it is now.
fn next_of_all(tx: &Tx<'_>, new: &NewExport) -> Result<Option<Timestamp>, LedgerError> {
    let Some(per_hour) = new.per_hour else {
        return Ok(None);
    };
    let since = new.now.checked_sub(HOUR).unwrap_or(Timestamp::MIN);
    let params = named_params! { ":since": since.as_millisecond(), ":per_hour": per_hour.max(1) };
    let limiting: Option<i64> = tx.one(LIMITING_ALL, params, |row| row.get(0))?;
    let asked_at = limiting.and_then(|millisecond| Timestamp::from_millisecond(millisecond).ok());
    Ok(asked_at.map(|asked_at| later(asked_at, HOUR.unsigned_abs())))
}

/// When the person may ask again; none when it is now.
fn next_allowed(tx: &Tx<'_>, new: &NewExport) -> Result<Option<Timestamp>, LedgerError> {
    let since = new.now.checked_sub(DAY).unwrap_or(Timestamp::MIN);
    let params = named_params! {
        ":subject": new.subject_key.0, ":since": since.as_millisecond(),
        ":per_day": new.per_day.max(1),
    };
    let limiting: Option<i64> = tx.one(LIMITING, params, |row| row.get(0))?;
    let asked_at = limiting.and_then(|millisecond| Timestamp::from_millisecond(millisecond).ok());
    Ok(asked_at.map(|asked_at| later(asked_at, DAY.unsigned_abs())))
}

/// What was asked for, as far as it is nobody's business but the person's.
fn kind_of(new: &NewExport) -> serde_json::Value {
    let scope = &new.scope;
    let mut facts = json!({ "part": scope.part(), "file_contents": scope.file_contents });
    if let Some(protected) = &new.protected {
        facts["protected_by"] = protected.by.name().into();
    }
    facts
}
