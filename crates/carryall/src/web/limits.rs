//! How often a password may be tried, and the answer to who has tried too often.

use std::time::Duration;

use super::Web;
use super::client_address::network_of;
use super::codes::MAX_CODE_BYTES;
use super::errors::PageError;
use crate::ledger::{Admission, Caller, Event, Kind, Limit, SubjectKey, Tries};

/// Tries are counted for so long.
const WITHIN: Duration = Duration::from_mins(15);
/// Wrong passwords of one account.
const OF_ACCOUNT: u32 = 10;
/// Wrong passwords from one address: several people may share it.
const OF_ADDRESS: u32 = 30;
/// Nobody's address is longer (RFC 5321: 64 + 1 + 255).
const MAX_LOGIN_BYTES: usize = 320;
/// Longer ones are wrong without a check.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// Where a password is tried: signing in from elsewhere must not keep a person from confirming.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The sign-in page.
    SignIn,
    /// The page that asks again.
    Confirm,
    /// Where tokens are shown that nobody issued.
    Token,
    /// The way to the provider of sign-in.
    Provider,
    /// A passphrase for a file: each takes much work.
    Protect,
    /// The operators' own sign-in page.
    Operator,
    /// A letter that an operator files: people are looked up by it.
    Letter,
}

impl Web {
    /// Counts a try before the password is looked at; refuses when there were too many.
    ///
    /// A login that nobody has is counted like one that somebody has, so that the limit does not tell
    /// which ones there are.
    pub(super) async fn admit(
        &self,
        door: Door,
        account: Option<&SubjectKey>,
        login: &str,
        caller: &Caller,
    ) -> Result<Tries, PageError> {
        let who = match account {
            Some(key) => format!("key {}", key.0),
            None => format!("login {}", login.to_lowercase()),
        };
        let (of_account, of_address) = match door {
            Door::SignIn => ("sign_in_by_account", "sign_in_by_address"),
            Door::Confirm => ("step_up_by_account", "step_up_by_address"),
            Door::Protect => ("protect_by_account", "protect_by_address"),
            Door::Operator => ("operator_by_name", "operator_by_address"),
            Door::Letter => ("letter_by_operator", "letter_by_address"),
            // Whose account it would be is not known there.
            Door::Token | Door::Provider => {
                let name = if door == Door::Token {
                    "token_by_address"
                } else {
                    "provider_by_address"
                };
                return self
                    .admit_by(by_address(name, caller), account, caller)
                    .await;
            }
        };
        let mut limits = by_address(of_address, caller);
        limits.push(Limit {
            name: of_account,
            who,
            tries: OF_ACCOUNT,
            within: WITHIN,
        });
        self.admit_by(limits, account, caller).await
    }

    async fn admit_by(
        &self,
        limits: Vec<Limit>,
        account: Option<&SubjectKey>,
        caller: &Caller,
    ) -> Result<Tries, PageError> {
        let (exports, now) = (&self.exports, self.exports.clock.now());
        let refusal = Event::new(Kind::Limited, account, caller);
        match exports.ledger.admit(limits, refusal, now).await? {
            Admission::Admitted(tries) => Ok(tries),
            Admission::TooMany { next } => Err(PageError::TooMany { next, now }),
        }
    }
}

fn by_address(name: &'static str, caller: &Caller) -> Vec<Limit> {
    vec![Limit {
        name,
        who: network_of(caller.address),
        tries: OF_ADDRESS,
        within: WITHIN,
    }]
}

/// Refuses what is too long to be anybody's, before anything is done with it.
pub fn check_lengths(login: &str, password: &str, code: &str) -> Result<(), PageError> {
    let is_too_long = login.len() > MAX_LOGIN_BYTES
        || password.len() > MAX_PASSWORD_BYTES
        || code.len() > MAX_CODE_BYTES;
    if is_too_long {
        return Err(PageError::TooLarge);
    }
    Ok(())
}
