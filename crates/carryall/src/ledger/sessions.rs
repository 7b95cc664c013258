//! Who is signed in. Only the SHA-256 of a token is kept: who reads the ledger cannot sign in with it.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, named_params};
use sha2::{Digest as _, Sha256};

use super::rows::time;
use super::{Ledger, LedgerError, SubjectKey};
use crate::random::hex;

/// A person signed in with one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub subject_key: SubjectKey,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, within a minute.
    pub last_seen_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

const INSERT: &str = "
    INSERT INTO sessions (token_sha256, subject_key, created_at, last_seen_at, expires_at)
    VALUES (:token, :subject, :now, :now, :expires_at)";
const FIND: &str = "SELECT * FROM sessions WHERE token_sha256 = :token AND expires_at > :now";
// Once a minute is enough to know, and spares a write for every picture of a page.
const TOUCH: &str = "UPDATE sessions SET last_seen_at = :now
    WHERE token_sha256 = :token AND last_seen_at < :now - 60000";
const DELETE: &str = "DELETE FROM sessions WHERE token_sha256 = :token";
const DELETE_EXPIRED: &str = "DELETE FROM sessions WHERE expires_at <= :now";

impl Ledger {
    /// Signs a person in.
    pub async fn create_session(
        &self,
        token: &str,
        subject: &SubjectKey,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), LedgerError> {
        let (token, subject) = (digest(token), subject.clone());
        self.run(move |connection| {
            let params = named_params! {
                ":token": token, ":subject": subject.0, ":now": now.as_millisecond(),
                ":expires_at": expires_at.as_millisecond(),
            };
            connection.execute(INSERT, params).map(drop)
        })
        .await
    }

    /// Who holds this token; nobody once it has expired.
    pub async fn find_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<Session>, LedgerError> {
        let token = digest(token);
        self.run(move |connection| {
            let params = named_params! { ":token": token, ":now": now.as_millisecond() };
            let session = connection
                .prepare_cached(FIND)?
                .query_row(params, |row| {
                    let moment = |column| {
                        time(row, column).map(|time| time.unwrap_or(Timestamp::UNIX_EPOCH))
                    };
                    Ok(Session {
                        subject_key: SubjectKey(row.get("subject_key")?),
                        created_at: moment("created_at")?,
                        last_seen_at: moment("last_seen_at")?,
                        expires_at: moment("expires_at")?,
                    })
                })
                .optional()?;
            if session.is_some() {
                connection.prepare_cached(TOUCH)?.execute(params)?;
            }
            Ok(session)
        })
        .await
    }

    /// Signs out.
    pub async fn delete_session(&self, token: &str) -> Result<(), LedgerError> {
        let token = digest(token);
        self.run(move |connection| {
            connection
                .execute(DELETE, named_params! { ":token": token })
                .map(drop)
        })
        .await
    }

    /// Forgets sessions whose time is up.
    pub async fn delete_expired_sessions(&self, now: Timestamp) -> Result<(), LedgerError> {
        self.run(move |connection| {
            let params = named_params! { ":now": now.as_millisecond() };
            connection.execute(DELETE_EXPIRED, params).map(drop)
        })
        .await
    }
}

fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}
