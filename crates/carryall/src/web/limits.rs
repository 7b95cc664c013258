//! How often a password may be tried, and the answer to who has tried too often.

use std::time::Duration;

use super::Web;
use super::client_address::network_of;
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
        };
        let limit = |name, who, tries| Limit {
            name,
            who,
            tries,
            within: WITHIN,
        };
        let limits = vec![
            limit(of_address, network_of(caller.address), OF_ADDRESS),
            limit(of_account, who, OF_ACCOUNT),
        ];
        let (exports, now) = (&self.exports, self.exports.clock.now());
        let refusal = Event::new(Kind::Limited, account, caller);
        match exports.ledger.admit(limits, refusal, now).await? {
            Admission::Admitted(tries) => Ok(tries),
            Admission::TooMany { next } => Err(PageError::TooMany { next, now }),
        }
    }
}

/// Refuses what is too long to be anybody's, before anything is done with it.
pub fn check_lengths(login: &str, password: &str) -> Result<(), PageError> {
    if login.len() > MAX_LOGIN_BYTES || password.len() > MAX_PASSWORD_BYTES {
        return Err(PageError::TooLarge);
    }
    Ok(())
}
