//! The style, the script and the icon, inside the program.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use super::Web;
use super::errors::PageError;
use crate::random::hex;

const ASSETS: [(&str, &str, &str); 3] = [
    (
        "app.css",
        "text/css; charset=utf-8",
        include_str!("app.css"),
    ),
    (
        "app.js",
        "text/javascript; charset=utf-8",
        include_str!("app.js"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
];

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/assets/{name}", get(serve))
}

/// Where a page finds this file: another address for other contents, so that it may be kept for ever.
pub fn address(name: &str) -> String {
    let contents = ASSETS
        .iter()
        .find(|asset| asset.0 == name)
        .map_or("", |asset| asset.2);
    let digest = hex(&Sha256::digest(contents.as_bytes())[..6]);
    format!("/assets/{name}?v={digest}")
}

async fn serve(Path(name): Path<String>) -> Result<impl IntoResponse, PageError> {
    let (_, media_type, contents) = ASSETS
        .into_iter()
        .find(|asset| asset.0 == name)
        .ok_or(PageError::NotFound)?;
    let headers: [(HeaderName, &str); 2] = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, contents))
}
