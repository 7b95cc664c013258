//! The public keys that exports are checked with, for everybody.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::Web;
use super::errors::PageError;
use crate::keys::KeysError;

/// Where they are, on every site of this program.
pub const ADDRESS: &str = "/.well-known/carryall-keys.json";

/// Short, so that a key is known soon after it begins to sign.
const HEADERS: [(HeaderName, &str); 2] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "public, max-age=300"),
];

pub fn router() -> Router<Arc<Web>> {
    Router::new().route(ADDRESS, get(serve))
}

async fn serve(State(web): State<Arc<Web>>) -> Result<impl IntoResponse, PageError> {
    let keys = web.exports.keys.clone();
    let known = tokio::task::spawn_blocking(move || keys.known())
        .await
        .unwrap_or(Err(KeysError::Stopped))?;
    Ok((HEADERS, known.to_json()))
}
