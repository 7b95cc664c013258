//! Tokens that somebody else issues: the host product's own, and those of a provider of OpenID Connect.
//!
//! Promises: the key decides which algorithm is right, never the token; what is not signed by a key that was
//! configured is nobody's; issuer, audience and time are looked at each time, with one minute for clocks that
//! differ; a symmetric key never comes from a public document.

mod claims;
mod keys;
mod signatures;
#[cfg(test)]
pub mod tests;

use jiff::Timestamp;

pub use claims::{Claims, Expected};
pub use keys::{Fetch, KeyPlace, KeyRing, KeysError};

/// Nobody's token is longer.
const LONGEST_TOKEN_BYTES: usize = 8 * 1024;

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It cannot be read, or asks for what is not understood.
    #[error("the token is not a signed JWT that is understood here")]
    Malformed,
    /// It says that it is signed in a way that none of the keys is for.
    #[error("the token is not signed with an algorithm that is taken here")]
    Algorithm,
    /// No key has its key id.
    #[error("the token is signed by a key that is not known here")]
    UnknownKey,
    /// The signature is not right.
    #[error("the signature of the token is not right")]
    Signature,
    /// Somebody else issued it.
    #[error("the token is from another issuer")]
    Issuer,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    Audience,
    /// Its time is up, or it says no time.
    #[error("the token has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the token is not valid yet")]
    NotYet,
    /// It answers another question.
    #[error("the token belongs to another sign-in")]
    Nonce,
    /// It does not say who.
    #[error("the token does not say who the person is")]
    Nobody,
}

impl TokenError {
    /// Whether somebody made the token who must not, and it is not only old or for another place.
    pub fn is_forgery(self) -> bool {
        matches!(
            self,
            TokenError::Malformed
                | TokenError::Algorithm
                | TokenError::UnknownKey
                | TokenError::Signature
        )
    }

    /// The word in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            TokenError::Malformed => "token_malformed",
            TokenError::Algorithm => "token_algorithm",
            TokenError::UnknownKey => "token_key",
            TokenError::Signature => "token_signature",
            TokenError::Issuer => "token_issuer",
            TokenError::Audience => "token_audience",
            TokenError::Expired => "token_expired",
            TokenError::NotYet => "token_not_yet",
            TokenError::Nonce => "token_nonce",
            TokenError::Nobody => "token_nobody",
        }
    }
}

/// Why a token could not be looked at, or is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Unverified {
    /// It is not taken.
    #[error(transparent)]
    Refused(#[from] TokenError),
    /// The keys cannot be had.
    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// Tokens of one issuer, for us.
pub struct Tokens {
    keys: KeyRing,
    expected: Expected,
}

impl Tokens {
    /// Tokens that these keys sign, with what has to stand in them.
    pub fn new(keys: KeyRing, expected: Expected) -> Tokens {
        Tokens { keys, expected }
    }

    /// What the token says, if it is one of ours and its time is now.
    pub async fn check(&self, token: &str, now: Timestamp) -> Result<Claims, Unverified> {
        if token.len() > LONGEST_TOKEN_BYTES {
            return Err(TokenError::Malformed.into());
        }
        let key_id = signatures::key_id(token)?;
        let keys = self.keys.get(key_id.as_deref(), now).await?;
        let claims = Claims::new(signatures::verified(token, &keys)?);
        claims.check(&self.expected, now)?;
        Ok(claims)
    }
}
