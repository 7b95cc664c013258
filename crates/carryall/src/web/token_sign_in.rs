//! A session from the host product's token: its settings page posts the token into the frame that shows ours.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use serde::Deserialize;

use super::Web;
use super::embedding::TOKEN_SIGN_IN;
use super::errors::PageError;
use super::host_tokens::NotTaken;
use super::sessions::{Opening, known_page};
use super::sign_in;
use crate::ledger::Caller;

pub fn router() -> Router<Arc<Web>> {
    Router::new().route(TOKEN_SIGN_IN, post(sign_in_by_token))
}

#[derive(Deserialize)]
struct Given {
    token: String,
    #[serde(default)]
    next: String,
}

async fn sign_in_by_token(
    State(web): State<Arc<Web>>,
    caller: Caller,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Result<Response, PageError> {
    let bearer = match web.named_by(&given.token, &caller).await {
        Ok(bearer) => bearer,
        Err(NotTaken::Page(error)) if !error.is_about_the_account() => return Err(error),
        Err(NotTaken::KeysAway) => return Ok(StatusCode::SERVICE_UNAVAILABLE.into_response()),
        Err(_) => {
            let name = &web.exports.product.map().product;
            let problem = format!(
                "Your sign-in to {name} was not taken here. Sign in to {name} again, and come back."
            );
            return sign_in::refused(&web, problem, &given.next);
        }
    };
    let opening = Opening {
        subject: &bearer.subject.key,
        // Without a proof the session is there, and an export needs one first.
        proved_at: bearer.proved_at.unwrap_or_default(),
        how: "host_token",
    };
    let cookie = web.open_session(opening, &headers, &caller).await?;
    let next = known_page(&given.next).unwrap_or("/settings/data-protection");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}
