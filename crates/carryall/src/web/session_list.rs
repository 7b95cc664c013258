//! Settings > General: where the person is signed in, and how to end that.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;

use super::Web;
use super::client_address::roughly;
use super::errors::PageError;
use super::sessions::SignedIn;
use super::words;

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/sessions/{id}/end", post(end_one))
        .route("/sessions/end-all", post(end_all))
}

/// A session in the list.
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// `Firefox on Linux`
    pub browser: String,
    /// Whether it is the one that looks.
    pub is_own: bool,
    /// When it was begun.
    pub started: String,
    /// When it was last used.
    pub last_used: String,
    /// Until when, at most.
    pub until: String,
    /// From where, roughly.
    pub from: String,
}

impl Web {
    /// The person's sessions, the last used first.
    pub(super) async fn session_views(
        &self,
        own: &SignedIn,
    ) -> Result<Vec<SessionView>, PageError> {
        let (ledger, look) = (&self.exports.ledger, self.look(true));
        let sessions = ledger.sessions_of(&own.subject_key, look).await?;
        let views = sessions.into_iter().map(|session| SessionView {
            is_own: session.id == own.session.id,
            started: words::moment(session.created_at),
            last_used: words::moment(session.last_seen_at),
            until: words::moment(session.expires_at),
            from: roughly(session.address),
            browser: session.browser,
            id: session.id,
        });
        Ok(views.collect())
    }

    async fn end(&self, own: &SignedIn, which: Option<String>) -> Result<usize, PageError> {
        let (key, by, now) = (&own.subject_key, &own.caller, self.exports.clock.now());
        Ok(self
            .exports
            .ledger
            .end_sessions(key, which, by, now)
            .await?)
    }
}

/// Somebody else's session is as unknown as none.
async fn end_one(
    State(web): State<Arc<Web>>,
    own: SignedIn,
    Path(id): Path<String>,
) -> Result<Redirect, PageError> {
    match web.end(&own, Some(id)).await? {
        0 => Err(PageError::NotFound),
        _ => Ok(Redirect::to("/settings/general#sessions")),
    }
}

async fn end_all(State(web): State<Arc<Web>>, own: SignedIn) -> Result<Response, PageError> {
    web.end(&own, None).await?;
    let cookie = web.cookie_away();
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
