//! The API for the host product: what the pages under Data Protection do, as JSON.
//!
//! The same verbs, the same guards, the same words. Who asks comes from the credential alone; a credential
//! that a browser sends by itself, the cookie, is taken from our own pages only. Every answer that is not
//! a success is a problem as RFC 9457 has it, with a reason for programs and what to do about it.

mod body;
mod credential;
mod document;
mod events;
mod exports;
mod file;
mod problem;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Web;
use super::errors::PageError;
use super::guards;
use problem::{Problem, Reason};

/// Where all of it is.
pub const ROOT: &str = "/api/v1/";

/// Every route of the API, and the document that is made of them.
pub fn router(web: &Web) -> Router<Arc<Web>> {
    let (router, document) = OpenApiRouter::with_openapi(document::head(web.cookie_name()))
        .routes(routes!(exports::list_exports, exports::request_export))
        .routes(routes!(exports::get_export, exports::delete_export))
        .routes(routes!(exports::cancel_export))
        .routes(routes!(file::download_export))
        .routes(routes!(events::list_events))
        .split_for_parts();
    let document = document::finished(document);
    let shown = move || {
        let document = document.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], document) }
    };
    router
        .route("/api/v1/openapi.json", get(shown))
        .route("/api/v1/{*rest}", any(unknown))
        .layer(axum::middleware::from_fn(guards::from_own_pages_only))
}

/// What a program reads in the place of a page that refuses.
pub fn refused(error: PageError) -> Response {
    Problem::from(error).into_response()
}

async fn unknown(_: Path<String>) -> Problem {
    Reason::NotFound.into()
}

/// Turns every refusal of a layer around the API into a problem, whichever layer it comes from.
pub async fn as_problems(request: Request, next: Next) -> Response {
    let is_ours = request.uri().path().starts_with(ROOT);
    let response = next.run(request).await;
    let is_said = response.headers().contains_key(header::CONTENT_TYPE)
        && problem::is_json(response.headers());
    let Some(reason) = Reason::of(response.status()).filter(|_| is_ours && !is_said) else {
        return response;
    };
    let mut said = Problem::from(reason)
        .with_status(response.status())
        .into_response();
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            said.headers_mut().append(name, value.clone());
        }
    }
    said
}
