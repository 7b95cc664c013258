//! Who asks: from the session's cookie and from nothing else.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use jiff::Timestamp;

use super::Web;
use super::errors::PageError;
use crate::clock::later;
use crate::ledger::{LedgerError, SubjectKey};
use crate::product::{ProductError, Subject};

/// How long a person stays signed in.
const SESSION_LENGTH: Duration = Duration::from_hours(12);

/// Somebody with a session. The account itself is not looked at: for frequent questions.
pub struct SignedIn {
    /// Who.
    pub subject_key: SubjectKey,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

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
        let sign_in_first = PageError::SignInFirst {
            back_to: way_back(parts),
        };
        let Some(token) = web.session_token(&parts.headers) else {
            return Err(sign_in_first);
        };
        let exports = &web.exports;
        match exports
            .ledger
            .find_session(token, exports.clock.now())
            .await?
        {
            Some(session) => Ok(SignedIn {
                subject_key: session.subject_key,
                since: session.created_at,
                until: session.expires_at,
            }),
            None => Err(sign_in_first),
        }
    }
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
                if let Some(token) = web.session_token(&parts.headers) {
                    web.exports.ledger.delete_session(token).await?;
                }
                Err(PageError::SignInFirst { back_to: None })
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl Web {
    /// Signs in; the answer is the cookie.
    pub(super) async fn open_session(&self, subject: &SubjectKey) -> Result<String, LedgerError> {
        let exports = &self.exports;
        let (token, now) = (exports.random.token(), exports.clock.now());
        let until = later(now, SESSION_LENGTH);
        exports
            .ledger
            .create_session(&token, subject, now, until)
            .await?;
        Ok(self.cookie(&token, SESSION_LENGTH))
    }

    /// Signs out; the answer is the cookie that takes the old one away.
    pub(super) async fn close_session(&self, headers: &HeaderMap) -> Result<String, LedgerError> {
        if let Some(token) = self.session_token(headers) {
            self.exports.ledger.delete_session(token).await?;
        }
        Ok(self.cookie("", Duration::ZERO))
    }

    fn session_token<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let name = self.cookie_name();
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
            .filter(|token| !token.is_empty())
    }

    /// The `__Host-` prefix ties the cookie to this host and to TLS; browsers refuse it without TLS.
    fn cookie_name(&self) -> &'static str {
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
