//! Sessions of operators: apart from those of people, so that neither is ever taken for the other.
//!
//! Short: a quarter of an hour of rest, an hour at most. Only digests of tokens are kept.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::audit::append;
use super::rows::time;
use super::sql::{Row, named_params};
use super::{Caller, Event, Kind, Ledger, LedgerError};
use crate::random::hex;

/// An operator signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperatorSession {
    /// What it is called where its token must not be.
    pub id: String,
    /// Who.
    pub operator: String,
    /// Since when, which is when they last proved who they are.
    pub created_at: Timestamp,
}

const RESTS: SignedDuration = SignedDuration::from_mins(15);
const LASTS: SignedDuration = SignedDuration::from_hours(1);
const INSERT: &str = "
    INSERT INTO operator_sessions (token_sha256, id, operator, last_seen_at, created_at)
    VALUES (:token, :id, :operator, :now, :now)";
const FIND: &str = "SELECT * FROM operator_sessions
    WHERE token_sha256 = :token AND created_at > :begun AND last_seen_at > :rested";
const TOUCH: &str = "UPDATE operator_sessions SET last_seen_at = :now WHERE token_sha256 = :token";
const END: &str = "DELETE FROM operator_sessions WHERE token_sha256 = :token";
const FORGET: &str =
    "DELETE FROM operator_sessions WHERE created_at <= :begun OR last_seen_at <= :rested";

impl OperatorSession {
    fn from_row(row: &Row<'_>) -> Result<OperatorSession, LedgerError> {
        Ok(OperatorSession {
            id: row.get("id")?,
            operator: row.get("operator")?,
            created_at: time(row, "created_at")?.unwrap_or(Timestamp::UNIX_EPOCH),
        })
    }
}

impl Ledger {
    /// Signs an operator in; sessions whose time is up go.
    pub async fn create_operator_session(
        &self,
        token: &str,
        operator: &str,
        by: &Caller,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (token, operator, by) = (digest(token), operator.to_owned(), by.clone());
        self.write(move |tx| {
            let (begun, rested) = since(now);
            tx.execute(FORGET, named_params! { ":begun": begun, ":rested": rested })?;
            tx.execute(
                INSERT,
                named_params! {
                    ":token": token, ":id": by.session_id, ":operator": operator,
                    ":now": now.as_millisecond(),
                },
            )?;
            let facts = json!({ "operator": operator });
            let event = Event::new(Kind::OperatorSignIn, None, &by).with(facts);
            append(tx, now, &event)
        })
        .await
    }

    /// Who holds this token.
    pub async fn find_operator_session(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<OperatorSession>, LedgerError> {
        let token = digest(token);
        self.write(move |tx| {
            let (begun, rested) = since(now);
            let params = named_params! { ":token": token, ":begun": begun, ":rested": rested };
            let found = tx.one(FIND, params, OperatorSession::from_row)?;
            if found.is_some() {
                let params = named_params! { ":token": token, ":now": now.as_millisecond() };
                tx.execute(TOUCH, params)?;
            }
            Ok(found)
        })
        .await
    }

    /// Signs an operator out.
    pub async fn end_operator_session(&self, token: &str) -> Result<(), LedgerError> {
        let token = digest(token);
        self.write(move |tx| tx.execute(END, named_params! { ":token": token }).map(drop))
            .await
    }
}

fn since(now: Timestamp) -> (i64, i64) {
    let before = |by| {
        now.checked_sub(by)
            .unwrap_or(Timestamp::MIN)
            .as_millisecond()
    };
    (before(LASTS), before(RESTS))
}

fn digest(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}
