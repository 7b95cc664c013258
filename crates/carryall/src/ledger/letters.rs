//! Requests that arrive by letter: filed by one operator, approved by another, each with its day.
//!
//! The ledger itself refuses that somebody decides on their own letter, whatever asks it. Each change is
//! on the record in its own transaction, with who made it; the reason, as its digest.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::audit::append;
use super::rows::unreadable;
use super::sql::{Row, Tx, named_params};
use super::{
    Caller, Event, ExportId, Kind, Ledger, LedgerError, Protected, Protection, SubjectKey,
};
use crate::random::hex;

/// Where a letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// For a second operator.
    Waiting,
    /// The export is made.
    Approved,
    /// There is no export.
    Refused,
    /// It was answered, or withdrawn.
    Closed,
}

/// A request that arrived by letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Its id.
    pub id: String,
    /// Whose data.
    pub subject_key: SubjectKey,
    /// Where the letter is kept.
    pub reference: String,
    /// Why the data may be given out.
    pub reason: String,
    /// When it arrived.
    pub received_on: Date,
    /// When the answer is due.
    pub due_on: Date,
    /// Why it takes longer, if it does.
    pub extension_reason: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Who filed it.
    pub asked_by: String,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Why it was refused, or how it was answered.
    pub closing_words: Option<String>,
    /// The export, once it is approved.
    pub export_id: Option<ExportId>,
    /// How the file is protected.
    pub protection: Option<Protection>,
}

/// A letter to file.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// Its id.
    pub id: String,
    /// Whose data.
    pub subject_key: SubjectKey,
    /// Where the letter is kept.
    pub reference: String,
    /// Why the data may be given out.
    pub reason: String,
    /// When it arrived.
    pub received_on: Date,
    /// When the answer is due.
    pub due_on: Date,
    /// What closes the file.
    pub protected: Protected,
}

/// Somebody who does something with a letter.
#[derive(Debug, Clone)]
pub struct ByOperator {
    /// Who.
    pub operator: String,
    /// With which session, from where.
    pub caller: Caller,
    /// When.
    pub now: Timestamp,
}

const INSERT: &str = "
    INSERT INTO letters (id, subject_key, reference, reason, received_on, due_on, state, asked_by,
        asked_at, protection, head, file_key)
    VALUES (:id, :subject, :reference, :reason, :received, :due, 'waiting', :operator, :now,
        :protection, :head, :file_key)";
const FIND: &str = "SELECT * FROM letters WHERE id = :id";
// What is open comes first, and of that what is due first.
const LIST: &str = "SELECT * FROM letters
    ORDER BY CASE WHEN state IN ('waiting', 'approved') THEN 0 ELSE 1 END, due_on, id LIMIT :limit";
const EXTEND: &str = "UPDATE letters SET due_on = :due, extension_reason = :words
    WHERE id = :id AND state IN ('waiting', 'approved') AND extension_reason IS NULL AND due_on >= :today";
const CLOSE: &str = "
    UPDATE letters SET state = 'closed', closing_words = :words, head = NULL, file_key = NULL
    WHERE id = :id AND state IN ('waiting', 'approved') AND asked_by = :operator";
const DOWNLOADED: &str = "UPDATE letters SET downloaded_at = coalesce(downloaded_at, :now)
    WHERE id = :id AND state = 'approved' AND asked_by = :operator
    AND export_id = (SELECT id FROM exports WHERE id = letters.export_id AND status = 'ready')";

impl Letter {
    pub(super) fn from_row(row: &Row<'_>) -> Result<Letter, LedgerError> {
        let date = |column| {
            let text: String = row.get(column)?;
            text.parse().map_err(|_| unreadable(column, "not a date"))
        };
        let export_id: Option<String> = row.get("export_id")?;
        Ok(Letter {
            id: row.get("id")?,
            subject_key: SubjectKey(row.get("subject_key")?),
            reference: row.get("reference")?,
            reason: row.get("reason")?,
            received_on: date("received_on")?,
            due_on: date("due_on")?,
            extension_reason: row.get("extension_reason")?,
            state: match row.get::<String>("state")?.as_str() {
                "waiting" => State::Waiting,
                "approved" => State::Approved,
                "refused" => State::Refused,
                _ => State::Closed,
            },
            asked_by: row.get("asked_by")?,
            decided_by: row.get("decided_by")?,
            closing_words: row.get("closing_words")?,
            export_id: export_id.and_then(|id| id.parse().ok()),
            protection: Protection::from_row(row)?,
        })
    }

    /// Whether it still wants an answer.
    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Waiting | State::Approved)
    }

    /// What happened with it, for the record.
    pub(super) fn event(&self, kind: Kind, by: &ByOperator, words: Option<&str>) -> Event {
        let mut facts = json!({
            "letter": self.id, "reference": self.reference, "operator": by.operator,
            "due_on": self.due_on.to_string(),
        });
        if let Some(words) = words {
            // Not the words: they may say much about the person, and the record keeps them for long.
            facts["words_sha256"] = Value::String(hex(&Sha256::digest(words.as_bytes())));
        }
        Event::new(kind, Some(&self.subject_key), &by.caller).with(facts)
    }
}

pub(super) fn find(tx: &Tx<'_>, id: &str) -> Result<Option<Letter>, LedgerError> {
    tx.one(FIND, named_params! { ":id": id }, Letter::from_row)
}

impl Ledger {
    /// Files a letter.
    pub async fn file_letter(&self, new: NewLetter, by: ByOperator) -> Result<(), LedgerError> {
        self.write(move |tx| {
            let (head, file_key) = new.protected.lock.parts();
            tx.execute(
                INSERT,
                named_params! {
                    ":id": new.id, ":subject": new.subject_key.0, ":reference": new.reference,
                    ":reason": new.reason, ":received": new.received_on.to_string(),
                    ":due": new.due_on.to_string(), ":operator": by.operator,
                    ":now": by.now.as_millisecond(), ":protection": new.protected.by.name(),
                    ":head": head, ":file_key": &file_key[..],
                },
            )?;
            noted(tx, &new.id, Kind::LetterFiled, &by, Some(&new.reason))
        })
        .await
    }

    /// The letters that want an answer, what is due first; then the others.
    pub async fn list_letters(&self, limit: u32) -> Result<Vec<Letter>, LedgerError> {
        self.run(move |tx| tx.all(LIST, named_params! { ":limit": limit }, Letter::from_row))
            .await
    }

    /// One of them.
    pub async fn find_letter(&self, id: &str) -> Result<Option<Letter>, LedgerError> {
        let id = id.to_owned();
        self.run(move |tx| find(tx, &id)).await
    }

    /// Takes the two further months, once, within the first. False when that cannot be.
    pub async fn extend_letter(
        &self,
        letter: &Letter,
        due: Date,
        words: &str,
        today: Date,
        by: ByOperator,
    ) -> Result<bool, LedgerError> {
        let (id, words) = (letter.id.clone(), words.to_owned());
        self.write(move |tx| {
            let params = named_params! {
                ":id": id, ":due": due.to_string(), ":words": words, ":today": today.to_string()
            };
            if tx.execute(EXTEND, params)? != 1 {
                return Ok(false);
            }
            noted(tx, &id, Kind::LetterExtended, &by, Some(&words))?;
            Ok(true)
        })
        .await
    }

    /// Closes a letter, answered or withdrawn, by who filed it. False when it is not theirs or not open.
    pub async fn close_letter(
        &self,
        id: &str,
        words: &str,
        by: ByOperator,
    ) -> Result<bool, LedgerError> {
        let (id, words) = (id.to_owned(), words.to_owned());
        self.write(move |tx| {
            let params = named_params! { ":id": id, ":words": words, ":operator": by.operator };
            if tx.execute(CLOSE, params)? != 1 {
                return Ok(false);
            }
            noted(tx, &id, Kind::LetterClosed, &by, Some(&words))?;
            Ok(true)
        })
        .await
    }

    /// Notes that an approved file, or a part of it, goes to the operator who asked. False when it does not.
    pub async fn begin_letter_download(
        &self,
        id: &str,
        bytes: (u64, u64),
        by: ByOperator,
    ) -> Result<bool, LedgerError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let params = named_params! {
                ":id": id, ":operator": by.operator, ":now": by.now.as_millisecond()
            };
            if tx.execute(DOWNLOADED, params)? != 1 {
                return Ok(false);
            }
            let Some(letter) = find(tx, &id)? else {
                return Ok(false);
            };
            let mut event = letter.event(Kind::LetterDownload, &by, None);
            (event.facts["first"], event.facts["last"]) = (bytes.0.into(), bytes.1.into());
            event.export = letter.export_id;
            append(tx, by.now, &event)?;
            Ok(true)
        })
        .await
    }
}

/// Writes the event of a change that has just been made.
pub(super) fn noted(
    tx: &Tx<'_>,
    id: &str,
    kind: Kind,
    by: &ByOperator,
    words: Option<&str>,
) -> Result<(), LedgerError> {
    match find(tx, id)? {
        Some(letter) => append(tx, by.now, &letter.event(kind, by, words)),
        None => Ok(()),
    }
}
