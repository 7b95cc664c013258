//! Who asks: from the session's cookie and from nothing else.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use jiff::{SignedDuration, Timestamp};

use super::Web;
use super::browsers::browser;
use super::errors::PageError;
use crate::clock::later;
use crate::ledger::{Caller, LedgerError, Look, NewSession, Session, SubjectKey};
use crate::product::{ProductError, Subject};

/// How long a person stays signed in, at most.
const SESSION_LENGTH: Duration = Duration::from_hours(12);
/// How long a proof of who somebody is counts, for what is as sensitive as an export.
pub const PROOF_LASTS: SignedDuration = SignedDuration::from_mins(10);

/// By how much the clocks of nodes may differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(1);

/// Somebody with a session. The account itself is not looked at: for frequent questions.
pub struct SignedIn {
    /// Who.
    pub subject_key: SubjectKey,
    /// The session.
    pub session: Session,
    /// The session's id and where the request comes from.
    pub caller: Caller,
}

/// A page of somebody's that asks by itself: it keeps no session alive.
pub struct Watching(pub SignedIn);

/// Somebody with a session and an account that the product still has, active.
pub struct Person {
    /// The account.
    pub subject: Subject,
    /// The session.
    pub session: SignedIn,
}

impl FromRequestParts<Arc<Web>> for SignedIn {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, PageError> {
        signed_in(parts, web, true).await
    }
}

impl FromRequestParts<Arc<Web>> for Watching {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, PageError> {
        signed_in(parts, web, false).await.map(Watching)
    }
}

async fn signed_in(parts: &mut Parts, web: &Arc<Web>, is_use: bool) -> Result<SignedIn, PageError> {
    let Ok::<Caller, Infallible>(caller) = Caller::from_request_parts(parts, web).await;
    let sign_in_first = PageError::SignInFirst {
        back_to: way_back(parts),
    };
    let Some(token) = web.session_token(&parts.headers) else {
        return Err(sign_in_first);
    };
    let look = web.look(is_use);
    let found = web.exports.ledger.find_session(token, look).await?;
    let session = found.ok_or(sign_in_first)?;
    Ok(SignedIn {
        subject_key: session.subject_key.clone(),
        caller: Caller {
            session_id: Some(session.id.clone()),
            ..caller
        },
        session,
    })
}

impl FromRequestParts<Arc<Web>> for Person {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, PageError> {
        let session = SignedIn::from_request_parts(parts, web).await?;
        let key = session.subject_key.clone();
        let found = web
            .exports
            .product
            .ask(move |product| product.find_active_subject(&key))
            .await;
        match found {
            Ok(subject) => Ok(Person { subject, session }),
            Err(ProductError::NoAccount) => {
                web.close_session(&parts.headers, &session.caller, "account_closed")
                    .await?;
                Err(PageError::SignInFirst { back_to: None })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether a proof of then still counts now. One from further in the future than clocks of nodes differ does not: it
/// would count for longer than anybody gave it.
pub fn is_fresh(proved_at: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(proved_at);
    age < PROOF_LASTS && age >= -CLOCKS_DIFFER
}

impl SignedIn {
    /// Whether the person has proved who they are shortly before `now`.
    pub fn is_proved(&self, now: Timestamp) -> bool {
        is_fresh(self.session.proved_at, now)
    }
}

/// A session to open.
pub struct Opening<'a> {
    /// Whose.
    pub subject: &'a SubjectKey,
    /// When they proved who they are.
    pub proved_at: Timestamp,
    /// With what, for the record.
    pub how: &'static str,
}

impl Web {
    /// Signs in, in the place of whatever session the browser had; the answer is the cookie.
    pub(super) async fn open_session(
        &self,
        opening: Opening<'_>,
        headers: &HeaderMap,
        caller: &Caller,
    ) -> Result<String, LedgerError> {
        let exports = &self.exports;
        let (token, now) = (exports.random.token(), exports.clock.now());
        let new = NewSession {
            token: token.clone(),
            id: exports.random.short_id(),
            subject_key: opening.subject.clone(),
            proved_at: opening.proved_at,
            how: opening.how,
            address: caller.address,
            browser: browser(headers),
            now,
            expires_at: later(now, SESSION_LENGTH),
            replaces: self.session_token(headers).map(str::to_owned),
        };
        exports.ledger.create_session(new).await?;
        Ok(self.cookie(&token, SESSION_LENGTH))
    }

    /// Gives the session a new token after a proof; the answer is the cookie, none when it has ended.
    pub(super) async fn renew_session(
        &self,
        session: &SignedIn,
        headers: &HeaderMap,
    ) -> Result<Option<String>, LedgerError> {
        let exports = &self.exports;
        let (new, now) = (exports.random.token(), exports.clock.now());
        let Some(token) = self.session_token(headers) else {
            return Ok(None);
        };
        let (key, by) = (&session.subject_key, &session.caller);
        let is_renewed = exports
            .ledger
            .prove_again(token, &new, key, by, now)
            .await?;
        Ok(is_renewed.then(|| self.cookie(&new, SESSION_LENGTH)))
    }

    /// Signs out, for this reason; the answer is the cookie that takes the old one away.
    pub(super) async fn close_session(
        &self,
        headers: &HeaderMap,
        caller: &Caller,
        outcome: &'static str,
    ) -> Result<String, LedgerError> {
        if let Some(token) = self.session_token(headers) {
            let now = self.exports.clock.now();
            self.exports
                .ledger
                .delete_session(token, caller, now, outcome)
                .await?;
        }
        Ok(self.cookie_away())
    }

    /// What sessions are looked for with.
    pub(super) fn look(&self, is_use: bool) -> Look {
        Look {
            now: self.exports.clock.now(),
            idle: self.exports.settings.idle_after,
            is_use,
        }
    }

    /// The cookie that takes the old one away.
    pub(super) fn cookie_away(&self) -> String {
        self.cookie("", Duration::ZERO)
    }

    fn session_token<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        cookie_of(headers, self.cookie_name())
    }

    /// The `__Host-` prefix ties the cookie to this host and to TLS; browsers refuse it without TLS.
    pub(super) fn cookie_name(&self) -> &'static str {
        if self.is_secure() {
            "__Host-carryall_session"
        } else {
            "carryall_session"
        }
    }

    fn cookie(&self, token: &str, length: Duration) -> String {
        let (name, seconds) = (self.cookie_name(), length.as_secs());
        let secure = if self.is_secure() { "; Secure" } else { "" };
        format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }
}

/// The value of a cookie.
pub fn cookie_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
        .filter(|token| !token.is_empty())
}

/// The page to come back to: only pages, and only our own.
fn way_back(parts: &Parts) -> Option<&'static str> {
    if parts.method != Method::GET {
        return None;
    }
    known_page(parts.uri.path())
}

/// A page that a person may be sent to after signing in.
pub fn known_page(path: &str) -> Option<&'static str> {
    ["/settings/data-protection", "/settings/general"]
        .into_iter()
        .find(|page| *page == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_counts_for_ten_minutes_and_one_of_a_clock_that_is_ahead_by_more_than_a_minute_does_not()
     {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a time");
        for (seconds, expected) in [
            (0, true),
            (599, true),
            (600, false),
            (-60, true),
            (-61, false),
        ] {
            let proved_at = now - SignedDuration::from_secs(seconds);
            assert_eq!(is_fresh(proved_at, now), expected, "{seconds}");
        }
    }
}
