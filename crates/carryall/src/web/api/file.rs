//! The download of a finished export through the API: by the very path that the page takes.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::credential::Account;
use super::exports::own;
use super::problem::{Problem, ProblemBody, Reason};
use crate::web::Web;
use crate::web::downloads;

/// Download an export
///
/// Needs a proof of who the person is that is not older than ten minutes. Parts of the file can be asked
/// for; the entity tag is the SHA-256 of the whole. Downloads are not limited in number.
#[utoipa::path(
    get,
    path = "/api/v1/exports/{id}/file",
    params(
        ("id" = uuid::Uuid, Path, description = "The export's id"),
        ("Range" = Option<String>, Header, description = "The part that is wanted, as `bytes=FIRST-LAST`"),
        ("If-Range" = Option<String>, Header, description = "The entity tag that the part has to belong to"),
    ),
    responses(
        (status = 200, description = "The file; bytes when it is protected",
            content((Object = "application/json"), (Vec<u8> = "application/octet-stream")),
            headers(
                ("ETag" = String, description = "SHA-256 of the whole file, in quotes"),
                ("Content-Disposition" = String, description = "An attachment, with the file's name"),
            )),
        (status = 206, description = "The part",
            content((String = "application/json"), (Vec<u8> = "application/octet-stream")),
            headers(("Content-Range" = String, description = "Which part, and the size of the whole"))),
        (status = 409, description = "It is still being written", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 410, description = "It has no file, or no longer", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 416, description = "The file ends before that", body = ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub async fn download_export(
    State(web): State<Arc<Web>>,
    Account(person): Account,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let export = own(&web, &person, &id).await?;
    person.require_proof(&web)?;
    if export.status.is_running() {
        return Err(Reason::StillRunning.into());
    }
    let (id, key, by) = (export.id, &person.subject_key, &person.caller);
    if web.exports.downloadable(export).is_none() {
        return Err(Reason::NoFile.into());
    }
    let sent = downloads::send(&web, key, by, id, &method, &headers).await?;
    if sent.status() != StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(sent);
    }
    let mut problem = Problem::from(Reason::RangeNotSatisfiable).into_response();
    if let Some(size) = sent.headers().get(header::CONTENT_RANGE) {
        let size = size.clone();
        problem.headers_mut().insert(header::CONTENT_RANGE, size);
    }
    Ok(problem)
}
