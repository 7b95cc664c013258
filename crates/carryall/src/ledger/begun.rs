//! Sign-ins that go on at a provider of OpenID Connect: each is taken out once, by the browser that began it.

use jiff::{SignedDuration, Timestamp};

use super::rows::time;
use super::sessions::digest;
use super::sql::named_params;
use super::{Ledger, LedgerError};
use crate::oidc::{Begun, Purpose};

/// How long somebody may take at the provider.
pub const SIGN_IN_LASTS: SignedDuration = SignedDuration::from_mins(10);

const INSERT: &str = "
    INSERT INTO sign_ins_begun (state_sha256, browser_sha256, nonce, verifier, session_id, next, at)
    VALUES (:state, :browser, :nonce, :verifier, :session, :next, :at)";
const FORGET: &str = "DELETE FROM sign_ins_begun WHERE at <= :since";
const FIND: &str = "SELECT nonce, verifier, session_id, next, at FROM sign_ins_begun
    WHERE state_sha256 = :state AND browser_sha256 = :browser AND at > :since";
const TAKE: &str = "DELETE FROM sign_ins_begun WHERE state_sha256 = :state";

impl Ledger {
    /// Notes a sign-in that begins, and forgets those that nobody came back for.
    pub async fn begin_sign_in(&self, begun: Begun) -> Result<(), LedgerError> {
        self.write(move |tx| {
            tx.execute(FORGET, named_params! { ":since": since(begun.at) })?;
            let session_id = match &begun.purpose {
                Purpose::SignIn => None,
                Purpose::StepUp { session_id } => Some(session_id.clone()),
            };
            tx.execute(
                INSERT,
                named_params! {
                    ":state": digest(&begun.state), ":browser": digest(&begun.browser),
                    ":nonce": begun.nonce, ":verifier": begun.verifier, ":session": session_id,
                    ":next": begun.next, ":at": begun.at.as_millisecond(),
                },
            )?;
            Ok(())
        })
        .await
    }

    /// The sign-in that this browser began with this state. There is none a second time.
    pub async fn take_sign_in(
        &self,
        state: &str,
        browser: &str,
        now: Timestamp,
    ) -> Result<Option<Begun>, LedgerError> {
        let (state, browser) = (state.to_owned(), browser.to_owned());
        self.write(move |tx| {
            let key = digest(&state);
            let params = named_params! {
                ":state": key, ":browser": digest(&browser), ":since": since(now),
            };
            let found = tx.one(FIND, params, |row| {
                let session_id: Option<String> = row.get("session_id")?;
                Ok(Begun {
                    state: state.clone(),
                    browser: browser.clone(),
                    nonce: row.get("nonce")?,
                    verifier: row.get("verifier")?,
                    purpose: session_id
                        .map_or(Purpose::SignIn, |session_id| Purpose::StepUp { session_id }),
                    next: row.get("next")?,
                    at: time(row, "at")?.unwrap_or(Timestamp::UNIX_EPOCH),
                })
            })?;
            // Of two that come at once, one takes it.
            let is_taken =
                found.is_some() && tx.execute(TAKE, named_params! { ":state": key })? == 1;
            Ok(found.filter(|_| is_taken))
        })
        .await
    }
}

fn since(now: Timestamp) -> i64 {
    now.checked_sub(SIGN_IN_LASTS)
        .unwrap_or(Timestamp::MIN)
        .as_millisecond()
}
