//! How sessions end: by the person, one or all of them; by a new sign-in; by rest and by age.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;

use super::audit::append;
use super::sessions::{Look, digest};
use super::sql::{Tx, named_params};
use super::{Caller, Event, Kind, Ledger, LedgerError, SubjectKey};

const DELETE: &str = "DELETE FROM sessions WHERE token_sha256 = :token RETURNING id, subject_key";
const END_ONE: &str = "DELETE FROM sessions WHERE subject_key = :subject AND id = :id";
const END_ALL: &str = "DELETE FROM sessions WHERE subject_key = :subject";
const DELETE_EXPIRED: &str =
    "DELETE FROM sessions WHERE expires_at <= :now OR last_seen_at <= :rested";

impl Ledger {
    /// Signs out; `outcome` says why, in a word of the program.
    pub async fn delete_session(
        &self,
        token: &str,
        by: &Caller,
        now: Timestamp,
        outcome: &'static str,
    ) -> Result<(), LedgerError> {
        let (token, address) = (digest(token), by.address);
        self.write(move |tx| end_by_token(tx, &token, address, now, outcome))
            .await
    }

    /// Ends one of the person's sessions, or all of them; the answer is how many.
    pub async fn end_sessions(
        &self,
        subject: &SubjectKey,
        which: Option<String>,
        by: &Caller,
        now: Timestamp,
    ) -> Result<usize, LedgerError> {
        let (subject, by) = (subject.clone(), by.clone());
        self.write(move |tx| {
            let ended = match &which {
                Some(id) => {
                    tx.execute(END_ONE, named_params! { ":subject": subject.0, ":id": id })?
                }
                None => tx.execute(END_ALL, named_params! { ":subject": subject.0 })?,
            };
            if ended > 0 {
                note_ends(tx, &subject, which.as_deref(), &by, now, ended)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Forgets sessions whose time is up, and those that rested too long.
    pub async fn delete_expired_sessions(&self, look: Look) -> Result<(), LedgerError> {
        self.run(move |tx| {
            let params =
                named_params! { ":now": look.now.as_millisecond(), ":rested": look.rested() };
            tx.execute(DELETE_EXPIRED, params).map(drop)
        })
        .await
    }
}

/// Ends the session with this token, if there is one, and notes it.
pub(super) fn end_by_token(
    tx: &Tx<'_>,
    token_sha256: &str,
    address: Option<IpAddr>,
    now: Timestamp,
    outcome: &'static str,
) -> Result<(), LedgerError> {
    let params = named_params! { ":token": token_sha256 };
    let ended = tx.one(DELETE, params, |row| {
        Ok((row.get(0)?, SubjectKey(row.get(1)?)))
    })?;
    let Some((session_id, subject)) = ended else {
        return Ok(());
    };
    let by = Caller {
        session_id: Some(session_id),
        address,
    };
    let event = Event::new(Kind::SignOut, Some(&subject), &by).ended(outcome);
    append(tx, now, &event)
}

fn note_ends(
    tx: &Tx<'_>,
    subject: &SubjectKey,
    which: Option<&str>,
    by: &Caller,
    now: Timestamp,
    ended: usize,
) -> Result<(), LedgerError> {
    let event = Event::new(Kind::SignOut, Some(subject), by);
    let event = match which {
        Some(id) => event.ended("one").with(json!({ "session": id })),
        None => event.ended("everywhere").with(json!({ "sessions": ended })),
    };
    append(tx, now, &event)
}
