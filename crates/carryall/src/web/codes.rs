//! The code of an authenticator app beside the password, for accounts that have one.

use super::Web;
use super::errors::PageError;
use super::sessions::Person;
use crate::ledger::LedgerError;
use crate::product::Credentials;
use crate::totp::Secret;

/// Longer ones are none.
pub const MAX_CODE_BYTES: usize = 32;

/// What a code is worth, once the password was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The account has no authenticator app.
    NotAsked,
    /// It is right, and was not used before.
    Right,
    /// It is no code of now.
    Wrong,
    /// It is, and was used before.
    Used,
    /// What the product keeps is no secret that can be read here.
    Unreadable,
}

impl Code {
    /// The word for the record of a refusal; none when there is none.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Code::NotAsked | Code::Right => None,
            Code::Wrong => Some("wrong_code"),
            Code::Used => Some("used_code"),
            Code::Unreadable => Some("second_step"),
        }
    }

    /// The word for the record of a session.
    pub fn how(self) -> &'static str {
        match self {
            Code::Right => "password_and_code",
            _ => "password",
        }
    }
}

impl Web {
    /// Looks at a code, and uses it up when it is right.
    pub(super) async fn check_code(
        &self,
        account: &Credentials,
        code: &str,
    ) -> Result<Code, LedgerError> {
        let Some(secret) = &account.totp_secret else {
            return Ok(Code::NotAsked);
        };
        let Some(secret) = Secret::from_base32(secret) else {
            tracing::error!(
                "the secret of an authenticator app in the product's database is no base32"
            );
            return Ok(Code::Unreadable);
        };
        let Some(step) = secret.step_of(code, self.exports.clock.now()) else {
            return Ok(Code::Wrong);
        };
        let ledger = &self.exports.ledger;
        let is_new = ledger.use_code(&account.subject_key, step).await?;
        Ok(if is_new { Code::Right } else { Code::Used })
    }

    /// Whether some accounts have an authenticator app that is asked for here.
    pub(super) fn knows_codes(&self) -> bool {
        let sign_in = self.exports.product.map().sign_in.as_ref();
        sign_in.is_some_and(|sign_in| sign_in.totp_secret.is_some())
    }

    /// Whether this person has one.
    pub(super) async fn asks_code_of(&self, person: &Person) -> Result<bool, PageError> {
        if !self.knows_codes() {
            return Ok(false);
        }
        let key = person.subject.key.clone();
        let known = self
            .exports
            .product
            .ask(move |product| product.find_credentials_of(&key))
            .await?;
        Ok(known.is_some_and(|known| known.totp_secret.is_some()))
    }
}
