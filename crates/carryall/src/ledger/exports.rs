//! An export as the ledger knows it: asked for by whom, of what, how far, with what result.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::append;
use super::sql::{Tx, named_params};
use super::{Artifact, Caller, Event, Kind, Ledger, LedgerError, Protection};
use crate::product::Scope;

/// The product's key of a person, as text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey(pub String);

/// Names one export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExportId(pub Uuid);

impl fmt::Display for ExportId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for ExportId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(ExportId)
    }
}

/// Where an export stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Waits for a worker.
    Queued,
    /// A worker writes it.
    Building,
    /// Can be downloaded.
    Ready,
    /// Ended without a file.
    Failed,
    /// The person stopped it.
    Cancelled,
    /// Its file was removed when its time was up.
    Expired,
    /// The person removed its file, or the account is gone.
    Deleted,
}

impl Status {
    const ALL: [(Status, &'static str); 7] = [
        (Status::Queued, "queued"),
        (Status::Building, "building"),
        (Status::Ready, "ready"),
        (Status::Failed, "failed"),
        (Status::Cancelled, "cancelled"),
        (Status::Expired, "expired"),
        (Status::Deleted, "deleted"),
    ];

    /// The word in the ledger and in the status answer.
    pub fn name(self) -> &'static str {
        Status::ALL
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("", |(_, name)| name)
    }

    /// Whether a file may still come of it.
    pub fn is_running(self) -> bool {
        matches!(self, Status::Queued | Status::Building)
    }

    pub(super) fn named(name: &str) -> Option<Status> {
        Status::ALL
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(status, _)| *status)
    }
}

/// How far a running export is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Key of the section being written.
    pub section: Option<String>,
    /// Records of that section written.
    pub records: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Bytes that it will be, about.
    pub expected_bytes: Option<u64>,
}

/// One export.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// Its id, which also stands in the file.
    pub id: ExportId,
    /// Whose it is.
    pub subject_key: SubjectKey,
    /// What was asked for.
    pub scope: Scope,
    /// Where it stands.
    pub status: Status,
    /// How often a worker has begun.
    pub attempt: u32,
    /// How far it is.
    pub progress: Progress,
    /// With what the file is protected, if the person asked for that.
    pub protection: Option<Protection>,
    /// Whether it was asked for by letter.
    pub is_by_letter: bool,
    /// The file, once published.
    pub artifact: Option<Artifact>,
    /// Code of what went wrong.
    pub failure: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended, one way or another.
    pub finished_at: Option<Timestamp>,
    /// When its file is removed.
    pub expires_at: Option<Timestamp>,
    /// When its file was first downloaded.
    pub downloaded_at: Option<Timestamp>,
}

const FIND: &str = "SELECT * FROM exports WHERE id = :id AND subject_key = :subject";
const LIST: &str = "SELECT * FROM exports WHERE subject_key = :subject ORDER BY created_at DESC, id DESC LIMIT :limit";
const CANCEL: &str = "
    UPDATE exports SET status = 'cancelled', finished_at = :now, lease_token = NULL, artifact_key = NULL
    WHERE id = :id AND subject_key = :subject AND status IN ('queued', 'building')";
const RECENT_OUTCOMES: &str = "
    SELECT status FROM exports WHERE subject_key = :subject
    AND status NOT IN ('queued', 'building', 'cancelled') ORDER BY created_at DESC, id DESC LIMIT 10";

impl Ledger {
    /// The person's own export with this id; another person's is as unknown as none.
    pub async fn find_export(
        &self,
        subject: &SubjectKey,
        id: ExportId,
    ) -> Result<Option<Export>, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| find(tx, &subject, id)).await
    }

    /// The person's exports, newest first.
    pub async fn list_exports(
        &self,
        subject: &SubjectKey,
        limit: u32,
    ) -> Result<Vec<Export>, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| {
            let params = named_params! { ":subject": subject.0, ":limit": limit };
            tx.all(LIST, params, Export::from_row)
        })
        .await
    }

    /// Stops a running export; its worker finds its lease gone. False when none was running.
    pub async fn cancel_export(
        &self,
        subject: &SubjectKey,
        id: ExportId,
        by: &Caller,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let event = Event::new(Kind::ExportCancelled, Some(subject), by).about(id);
        let subject = subject.clone();
        self.write(move |tx| {
            let params = named_params! {
                ":id": id.to_string(), ":subject": subject.0, ":now": now.as_millisecond()
            };
            let is_stopped = tx.execute(CANCEL, params)? == 1;
            if is_stopped {
                append(tx, now, &event)?;
            }
            Ok(is_stopped)
        })
        .await
    }

    /// How many of the person's last exports failed without one that worked since.
    pub async fn failures_in_a_row(&self, subject: &SubjectKey) -> Result<usize, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| {
            let params = named_params! { ":subject": subject.0 };
            let outcomes = tx.all(RECENT_OUTCOMES, params, |row| row.get::<String>(0))?;
            Ok(outcomes
                .iter()
                .take_while(|status| *status == "failed")
                .count())
        })
        .await
    }
}

fn find(tx: &Tx<'_>, subject: &SubjectKey, id: ExportId) -> Result<Option<Export>, LedgerError> {
    let params = named_params! { ":id": id.to_string(), ":subject": subject.0 };
    tx.one(FIND, params, Export::from_row)
}
