//! `/operator`: requests that arrive by letter, answered by two operators together.
//!
//! Not there unless operators are named. An operator's session is none of a person's, and the other way
//! round. No page here shows anything of what an account holds; the file is protected before anybody has
//! it, and comes only after a second operator's word.

mod actions;
mod download;
mod page;
mod sign_in;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use jiff::SignedDuration;

use super::Web;
use super::errors::PageError;
use super::guards;
use crate::ledger::{ByOperator, Caller, OperatorSession};
use crate::operators::Role;

/// How long a sign-in counts as a proof, for what gives data out.
const PROOF_LASTS: SignedDuration = SignedDuration::from_mins(10);

/// The pages, where there are operators.
pub fn router(web: &Web) -> Router<Arc<Web>> {
    if web.site.operators.is_empty() {
        return Router::new();
    }
    let guarded = actions::router()
        .merge(download::router())
        .layer(axum::middleware::from_fn(guards::from_own_pages_only));
    Router::new()
        .merge(sign_in::router())
        .merge(page::router())
        .merge(guarded)
}

/// Somebody who is signed in as an operator, and still is one.
pub struct Operator {
    session: OperatorSession,
    caller: Caller,
}

impl FromRequestParts<Arc<Web>> for Operator {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web>) -> Result<Self, PageError> {
        let Ok::<Caller, Infallible>(caller) = Caller::from_request_parts(parts, web).await;
        let token = parts
            .headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|header| header.to_str().ok())
            .flat_map(|header| header.split(';'))
            .find_map(|pair| {
                pair.trim()
                    .strip_prefix(cookie_name(web))?
                    .strip_prefix('=')
            })
            .filter(|token| !token.is_empty())
            .ok_or(PageError::OperatorFirst)?;
        let now = web.exports.clock.now();
        let found = web.exports.ledger.find_operator_session(token, now).await?;
        // Who was taken out of the list is nobody any more.
        let session = found
            .filter(|session| web.site.operators.named(&session.operator).is_some())
            .ok_or(PageError::OperatorFirst)?;
        let caller = Caller {
            session_id: Some(session.id.clone()),
            ..caller
        };
        Ok(Operator { session, caller })
    }
}

impl Operator {
    fn name(&self) -> &str {
        &self.session.operator
    }

    fn may(&self, web: &Web, role: Role) -> bool {
        web.site.operators.may(self.name(), role)
    }

    /// Only for who has the role. The pages show nobody else a way here.
    fn must_be(&self, web: &Web, role: Role) -> Result<(), PageError> {
        if self.may(web, role) {
            Ok(())
        } else {
            Err(PageError::NotFound)
        }
    }

    /// For the record.
    fn acts(&self, web: &Web) -> ByOperator {
        ByOperator {
            operator: self.name().to_owned(),
            caller: self.caller.clone(),
            now: web.exports.clock.now(),
        }
    }
}

/// The `__Host-` prefix ties the cookie to this host and to TLS.
fn cookie_name(web: &Web) -> &'static str {
    if web.is_secure() {
        "__Host-carryall_operator"
    } else {
        "carryall_operator"
    }
}

/// Nothing links here from elsewhere, so the cookie need not come along from there.
fn cookie(web: &Web, token: &str) -> String {
    let name = cookie_name(web);
    let seconds = if token.is_empty() { 0 } else { 3_600 };
    let secure = if web.is_secure() { "; Secure" } else { "" };
    format!("{name}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}
