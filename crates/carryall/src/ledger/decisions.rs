//! The second operator's word on a letter: what makes it an export, or none.

use serde_json::json;
use zeroize::Zeroizing;

use super::audit::append;
use super::letters::{find, noted};
use super::sql::{Tx, named_params};
use super::{ByOperator, Event, ExportId, Kind, Ledger, LedgerError, Letter, State, locks};
use crate::protect::Lock;

/// What came of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decided {
    /// It is as was decided.
    Done,
    /// There is no such letter, or it waits no more.
    NotWaiting,
    /// Nobody decides on what they have filed themselves.
    OwnLetter,
    /// An export of the person is being written; they have one at a time.
    Running,
}

const RUNNING: &str = "SELECT count(*) FROM exports
    WHERE subject_key = :subject AND status IN ('queued', 'building')";
// The same conditions as above, once more, where nothing can come in between.
const APPROVE: &str = "
    UPDATE letters SET state = 'approved', decided_by = :operator, decided_at = :now,
        export_id = :export, head = NULL, file_key = NULL
    WHERE id = :id AND state = 'waiting' AND asked_by <> :operator";
const REFUSE: &str = "
    UPDATE letters SET state = 'refused', decided_by = :operator, decided_at = :now,
        closing_words = :words, head = NULL, file_key = NULL
    WHERE id = :id AND state = 'waiting' AND asked_by <> :operator";
const LOCK: &str = "SELECT head, file_key FROM letters WHERE id = :id AND head IS NOT NULL";
const EXPORT: &str = "
    INSERT INTO exports (id, subject_key, file_contents, protection, letter_id, status, created_at)
    VALUES (:export, :subject, TRUE, :protection, :id, 'queued', :now)";

impl Ledger {
    /// Approves a letter: its export waits for a worker.
    pub async fn approve_letter(
        &self,
        id: &str,
        export: ExportId,
        by: ByOperator,
    ) -> Result<Decided, LedgerError> {
        let id = id.to_owned();
        self.write(move |tx| {
            let letter = match waiting(tx, &id, &by)? {
                Ok(letter) => letter,
                Err(decided) => return Ok(decided),
            };
            let subject = named_params! { ":subject": letter.subject_key.0 };
            let running: Option<i64> = tx.one(RUNNING, subject, |row| row.get(0))?;
            if running.is_some_and(|running| running > 0) {
                return Ok(Decided::Running);
            }
            let lock: Option<Lock> = tx.one(LOCK, named_params! { ":id": id }, |row| {
                Ok(Lock::of_parts(row.get(0)?, Zeroizing::new(row.get(1)?)))
            })?;
            let Some(lock) = lock else {
                return Ok(Decided::NotWaiting);
            };
            let now = by.now.as_millisecond();
            let (operator, text) = (by.operator.as_str(), export.to_string());
            tx.execute(
                APPROVE,
                named_params! { ":id": id, ":operator": operator, ":now": now, ":export": text },
            )?;
            tx.execute(
                EXPORT,
                named_params! {
                    ":export": text, ":subject": letter.subject_key.0, ":id": id, ":now": now,
                    ":protection": letter.protection.map(super::Protection::name),
                },
            )?;
            locks::keep(tx, export, &lock)?;
            noted(tx, &id, Kind::LetterApproved, &by, None)?;
            let facts = json!({ "letter": id, "part": "everything", "file_contents": true });
            let event = Event::new(Kind::ExportRequested, Some(&letter.subject_key), &by.caller)
                .about(export)
                .ended("by_letter")
                .with(facts);
            append(tx, by.now, &event)?;
            Ok(Decided::Done)
        })
        .await
    }

    /// Refuses a letter, with the reason.
    pub async fn refuse_letter(
        &self,
        id: &str,
        words: &str,
        by: ByOperator,
    ) -> Result<Decided, LedgerError> {
        let (id, words) = (id.to_owned(), words.to_owned());
        self.write(move |tx| {
            if let Err(decided) = waiting(tx, &id, &by)? {
                return Ok(decided);
            }
            tx.execute(
                REFUSE,
                named_params! {
                    ":id": id, ":operator": by.operator, ":now": by.now.as_millisecond(),
                    ":words": words,
                },
            )?;
            noted(tx, &id, Kind::LetterRefused, &by, Some(&words))?;
            Ok(Decided::Done)
        })
        .await
    }
}

/// A letter that this operator may decide on; a try to decide on one's own is on the record.
fn waiting(tx: &Tx<'_>, id: &str, by: &ByOperator) -> Result<Result<Letter, Decided>, LedgerError> {
    let Some(letter) = find(tx, id)?.filter(|letter| letter.state == State::Waiting) else {
        return Ok(Err(Decided::NotWaiting));
    };
    if letter.asked_by == by.operator {
        let event = letter.event(Kind::Denied, by, None).ended("own_letter");
        append(tx, by.now, &event)?;
        return Ok(Err(Decided::OwnLetter));
    }
    Ok(Ok(letter))
}
