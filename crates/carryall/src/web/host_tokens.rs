//! The host product's own token: who it is about, and when they last proved who they are.
//!
//! The person is found as the data map's `[subject]` says, by key or by address; an account that is not there,
//! or closed, is nobody's. Forged tokens are counted by address, like wrong passwords.

use jiff::Timestamp;

use super::Web;
use super::errors::PageError;
use super::limits::Door;
use crate::ledger::{Caller, Event, Kind};
use crate::product::{Named, ProductError, Subject};
use crate::tokens::{Claims, TokenError, Tokens, Unverified};

/// The tokens that are taken, and the claim that says who somebody is.
pub struct HostTokens {
    /// Whose they are.
    pub tokens: Tokens,
    /// `sub`, `email` or another.
    pub subject_claim: String,
}

/// Somebody whom a token names.
pub struct Bearer {
    /// The account, active.
    pub subject: Subject,
    /// When they last proved who they are, as far as the token says.
    pub proved_at: Option<Timestamp>,
}

/// Why a token does not do.
#[derive(Debug)]
pub enum NotTaken {
    /// No tokens are taken here.
    NotOffered,
    /// This one is not.
    Token(TokenError),
    /// The account has a second factor, and the token is from before it was asked for.
    SecondStep,
    /// Its keys cannot be had, for now.
    KeysAway,
    /// What a page would not have done either.
    Page(PageError),
}

impl<E: Into<PageError>> From<E> for NotTaken {
    fn from(error: E) -> Self {
        NotTaken::Page(error.into())
    }
}

impl Web {
    /// Who the token is about.
    pub(super) async fn named_by(&self, token: &str, by: &Caller) -> Result<Bearer, NotTaken> {
        let host = self.site.host_tokens.as_ref().ok_or(NotTaken::NotOffered)?;
        let now = self.exports.clock.now();
        let claims = match host.tokens.check(token, now).await {
            Ok(claims) => claims,
            Err(Unverified::Keys(error)) => {
                tracing::error!(error = %error, "a token cannot be looked at");
                return Err(NotTaken::KeysAway);
            }
            Err(Unverified::Refused(error)) => {
                if error.is_forgery() {
                    self.note_forgery(error, by).await?;
                }
                return Err(NotTaken::Token(error));
            }
        };
        let subject = self.account_of(&claims, &host.subject_claim).await?;
        if claims.is_first_factor_only() && self.has_second_factor(&subject).await? {
            return Err(NotTaken::SecondStep);
        }
        Ok(Bearer {
            proved_at: claims.proved_at(now),
            subject,
        })
    }

    /// Counts it, and puts it on the record. Many of them close the door for whoever sends them.
    async fn note_forgery(&self, error: TokenError, by: &Caller) -> Result<(), PageError> {
        self.admit(Door::Token, None, "", by).await?;
        let event = Event::new(Kind::SignInRefused, None, by).ended(error.name());
        self.exports
            .ledger
            .note(self.exports.clock.now(), event)
            .await?;
        Ok(())
    }

    /// The active account that a claim names.
    pub(super) async fn account_of(
        &self,
        claims: &Claims,
        claim: &str,
    ) -> Result<Subject, NotTaken> {
        let who = claims.subject(claim).map_err(NotTaken::Token)?;
        let named = if claim == "email" {
            Named::Address(who)
        } else {
            Named::Key(who)
        };
        let found = self
            .exports
            .product
            .ask(move |product| product.find_named(&named))
            .await;
        Ok(found?)
    }

    async fn has_second_factor(&self, subject: &Subject) -> Result<bool, ProductError> {
        let key = subject.key.clone();
        let known = self
            .exports
            .product
            .ask(move |product| product.find_credentials_of(&key))
            .await?;
        Ok(known.is_some_and(|known| known.has_second_factor()))
    }
}
