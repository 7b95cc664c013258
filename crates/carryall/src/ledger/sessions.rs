//! Who is signed in. Only the SHA-256 of a token is kept: who reads the ledger cannot sign in with it.
//!
//! A session ends when it was not used for a while, when its time is up, when the person says so, and
//! when the account is gone. It gets a new token at each proof of who the person is.

use std::net::IpAddr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::audit::append;
use super::rows::time;
use super::sign_outs::end_by_token;
use super::sql::{Row, named_params};
use super::{Caller, Event, Kind, Ledger, LedgerError, SubjectKey};
use crate::random::hex;

/// A person signed in with one browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What it is called where its token must not be.
    pub id: String,
    /// Who.
    pub subject_key: SubjectKey,
    /// Since when.
    pub created_at: Timestamp,
    /// When it was last used, within a minute.
    pub last_seen_at: Timestamp,
    /// When the person last proved who they are.
    pub proved_at: Timestamp,
    /// Until when, at most.
    pub expires_at: Timestamp,
    /// Where it was begun.
    pub address: Option<IpAddr>,
    /// The browser, in a few words.
    pub browser: String,
}

/// A session to begin.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its token, which only the browser gets.
    pub token: String,
    /// Its id.
    pub id: String,
    /// Who.
    pub subject_key: SubjectKey,
    /// When they proved who they are.
    pub proved_at: Timestamp,
    /// With what: a word of the program.
    pub how: &'static str,
    /// From where.
    pub address: Option<IpAddr>,
    /// The browser, in a few words.
    pub browser: String,
    /// When.
    pub now: Timestamp,
    /// Until when, at most.
    pub expires_at: Timestamp,
    /// The token of the browser's session before, which ends.
    pub replaces: Option<String>,
}

/// What a session is looked for with.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// When.
    pub now: Timestamp,
    /// How long a session may rest.
    pub idle: Duration,
    /// Whether this is the person at work, and not a page that asks by itself.
    pub is_use: bool,
}

const INSERT: &str = "
    INSERT INTO sessions (token_sha256, id, subject_key, created_at, last_seen_at, proved_at, expires_at, address, browser)
    VALUES (:token, :id, :subject, :now, :now, :proved_at, :expires_at, :address, :browser)";
const FIND: &str = "SELECT * FROM sessions
    WHERE token_sha256 = :token AND expires_at > :now AND last_seen_at > :rested";
// Once a minute is enough to know, and spares a write for every picture of a page.
const TOUCH: &str = "UPDATE sessions SET last_seen_at = :now
    WHERE token_sha256 = :token AND last_seen_at < :now - 60000";
const PROVE: &str = "UPDATE sessions SET token_sha256 = :new, proved_at = :now, last_seen_at = :now
    WHERE token_sha256 = :token AND subject_key = :subject";
const LIST: &str = "SELECT * FROM sessions
    WHERE subject_key = :subject AND expires_at > :now AND last_seen_at > :rested
    ORDER BY last_seen_at DESC, created_at DESC";
impl Session {
    fn from_row(row: &Row<'_>) -> Result<Session, LedgerError> {
        let moment = |column| time(row, column).map(|time| time.unwrap_or(Timestamp::UNIX_EPOCH));
        let address: Option<String> = row.get("address")?;
        Ok(Session {
            id: row.get("id")?,
            subject_key: SubjectKey(row.get("subject_key")?),
            created_at: moment("created_at")?,
            last_seen_at: moment("last_seen_at")?,
            proved_at: moment("proved_at")?,
            expires_at: moment("expires_at")?,
            address: address.and_then(|address| address.parse().ok()),
            browser: row.get("browser")?,
        })
    }
}

impl Ledger {
    /// Signs a person in; the browser's session before ends.
    pub async fn create_session(&self, new: NewSession) -> Result<(), LedgerError> {
        self.write(move |tx| {
            if let Some(before) = &new.replaces {
                end_by_token(tx, &digest(before), new.address, new.now, "replaced")?;
            }
            tx.execute(
                INSERT,
                named_params! {
                    ":token": digest(&new.token), ":id": new.id, ":subject": new.subject_key.0,
                    ":now": new.now.as_millisecond(), ":expires_at": new.expires_at.as_millisecond(),
                    ":proved_at": new.proved_at.as_millisecond(),
                    ":address": new.address.map(|address| address.to_string()),
                    ":browser": new.browser,
                },
            )?;
            let by = Caller {
                session_id: Some(new.id),
                address: new.address,
            };
            let event = Event::new(Kind::SignIn, Some(&new.subject_key), &by);
            append(tx, new.now, &event.with(json!({ "by": new.how })))
        })
        .await
    }

    /// Who holds this token; nobody once the session has expired or rested too long.
    pub async fn find_session(
        &self,
        token: &str,
        look: Look,
    ) -> Result<Option<Session>, LedgerError> {
        let token = digest(token);
        self.run(move |tx| {
            let (now, rested) = (look.now.as_millisecond(), look.rested());
            let params = named_params! { ":token": token, ":now": now, ":rested": rested };
            let session = tx.one(FIND, params, Session::from_row)?;
            if session.is_some() && look.is_use {
                tx.execute(TOUCH, named_params! { ":token": token, ":now": now })?;
            }
            Ok(session)
        })
        .await
    }

    /// Notes that the person has proved again who they are: the session goes on under a new token.
    /// False when there is no such session any more.
    pub async fn prove_again(
        &self,
        token: &str,
        new: &str,
        subject: &SubjectKey,
        by: &Caller,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (token, new, subject, by) = (digest(token), digest(new), subject.clone(), by.clone());
        self.write(move |tx| {
            let params = named_params! {
                ":token": token, ":new": new, ":subject": subject.0, ":now": now.as_millisecond(),
            };
            let is_done = tx.execute(PROVE, params)? == 1;
            if is_done {
                append(tx, now, &Event::new(Kind::StepUp, Some(&subject), &by))?;
            }
            Ok(is_done)
        })
        .await
    }

    /// The person's sessions, the last used first.
    pub async fn sessions_of(
        &self,
        subject: &SubjectKey,
        look: Look,
    ) -> Result<Vec<Session>, LedgerError> {
        let subject = subject.clone();
        self.run(move |tx| {
            let params = named_params! {
                ":subject": subject.0, ":now": look.now.as_millisecond(), ":rested": look.rested(),
            };
            tx.all(LIST, params, Session::from_row)
        })
        .await
    }
}

impl Look {
    /// A session that was last used by then has rested too long.
    pub(super) fn rested(self) -> i64 {
        let idle = SignedDuration::try_from(self.idle).unwrap_or(SignedDuration::MAX);
        let rested = self.now.checked_sub(idle).unwrap_or(Timestamp::MIN);
        rested.as_millisecond()
    }
}

/// What is kept of a token.
pub(super) fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}
