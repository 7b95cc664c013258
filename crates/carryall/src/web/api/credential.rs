//! Who asks, and how lately they proved it: from the credential and from nothing else.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use jiff::Timestamp;

use super::problem::{Problem, Reason};
use crate::ledger::{Caller, SubjectKey};
use crate::web::Web;
use crate::web::host_tokens::NotTaken;
use crate::web::sessions::{Person, SignedIn, Watching, is_fresh};
use crate::web::words;

/// Somebody with a credential. The account itself is not looked at: for frequent questions.
pub struct Holder {
    /// Who.
    pub subject_key: SubjectKey,
    /// With which session, from where.
    pub caller: Caller,
    /// When they last proved who they are, as far as the credential says.
    proved_at: Option<Timestamp>,
}

/// Somebody with a credential and an account that the product still has, active.
pub struct Account(pub Holder);

impl Holder {
    /// Refuses whom a session or a token alone does not show to be there.
    pub fn require_proof(&self, web: &Web) -> Result<(), Problem> {
        let now = web.exports.clock.now();
        let is_proved = self.proved_at.is_some_and(|at| is_fresh(at, now));
        is_proved
            .then_some(())
            .ok_or_else(|| Reason::ConfirmFirst.into())
    }
}

impl From<SignedIn> for Holder {
    fn from(session: SignedIn) -> Self {
        Holder {
            proved_at: Some(session.session.proved_at),
            subject_key: session.subject_key,
            caller: session.caller,
        }
    }
}

impl FromRequestParts<Arc<Web>> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        if has_token(&parts.headers) {
            return of_token(parts, web).await;
        }
        // A program that looks at a session does not keep it alive.
        let session = match parts.method {
            Method::GET | Method::HEAD => Watching::from_request_parts(parts, web).await?.0,
            _ => SignedIn::from_request_parts(parts, web).await?,
        };
        Ok(session.into())
    }
}

impl FromRequestParts<Arc<Web>> for Account {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, Problem> {
        if has_token(&parts.headers) {
            return of_token(parts, web).await.map(Account);
        }
        let person = Person::from_request_parts(parts, web).await?;
        Ok(Account(person.session.into()))
    }
}

/// Who the token is about. The account is looked at, whatever is asked: it is how the person is found.
async fn of_token(parts: &mut Parts, web: &Arc<Web>) -> Result<Holder, Problem> {
    let Ok::<Caller, Infallible>(by) = Caller::from_request_parts(parts, web).await;
    let header = parts.headers.get(header::AUTHORIZATION);
    let token = header.and_then(|header| {
        let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then_some(token.trim())
    });
    let token = token.ok_or(Reason::TokenRefused)?;
    let bearer = web.named_by(token, &by).await?;
    Ok(Holder {
        subject_key: bearer.subject.key,
        caller: by,
        proved_at: bearer.proved_at,
    })
}

impl From<NotTaken> for Problem {
    fn from(error: NotTaken) -> Self {
        let refused = |why: &str| Problem::because(Reason::TokenRefused, why);
        match error {
            NotTaken::NotOffered => refused("This site takes no tokens."),
            NotTaken::Token(error) => refused(&words::sentence(&error.to_string())),
            NotTaken::SecondStep => {
                refused("The account has a second step, and the token is from before it.")
            }
            NotTaken::KeysAway => Problem::because(
                Reason::DataUnavailable,
                "The keys that sign tokens cannot be read right now.",
            ),
            NotTaken::Page(error) => error.into(),
        }
    }
}

/// Whether a credential comes in the header that a browser does not fill by itself.
pub fn has_token(headers: &HeaderMap) -> bool {
    headers.contains_key(header::AUTHORIZATION)
}
