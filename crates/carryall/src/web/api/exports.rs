//! Asking for exports, looking at them, stopping and deleting them.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::body::Json;
use super::credential::{Account, Holder};
use super::problem::{Problem, Reason};
use super::views::{ExportList, ExportRequest, ExportView};
use crate::ledger::{Export, ExportId, Requested};
use crate::web::Web;
use crate::web::errors::PageError;

/// Nobody must take the file that comes for the protected one that they have just asked for.
const ANOTHER_RUNS: &str =
    "An export is being written already, so the protected one was not begun.";
/// No list is longer.
const LISTED: u32 = 100;

/// Own exports
#[utoipa::path(
    get,
    path = "/api/v1/exports",
    responses((status = 200, description = "The newest first", body = ExportList))
)]
pub async fn list_exports(
    State(web): State<Arc<Web>>,
    Account(person): Account,
) -> Result<Response, Problem> {
    let ledger = &web.exports.ledger;
    let list = ledger.list_exports(&person.subject_key, LISTED).await?;
    let exports = list.iter().map(|export| ExportView::of(&web, export));
    let list = ExportList {
        exports: exports.collect(),
    };
    Ok(json(StatusCode::OK, &list))
}

/// Ask for an export
///
/// Needs a proof of who the person is that is not older than ten minutes. While one is being written, that
/// one is the answer.
#[utoipa::path(
    post,
    path = "/api/v1/exports",
    request_body = ExportRequest,
    responses(
        (status = 202, description = "It waits for its turn", body = ExportView,
            headers(("Location" = String, description = "Where it is"))),
        (status = 200, description = "One is being written already", body = ExportView,
            headers(("Location" = String, description = "Where it is"))),
        (status = 409, description = "One is being written, and a protected one was asked for",
            body = super::problem::ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn request_export(
    State(web): State<Arc<Web>>,
    Account(person): Account,
    Json(asked): Json<ExportRequest>,
) -> Result<Response, Problem> {
    // Whether the choice makes sense is told before the proof is asked for.
    let wanted = asked
        .wanted()
        .map_err(|problem| Problem::because(Reason::WrongRequest, problem))?;
    person.require_proof(&web)?;
    let (exports, key, by) = (&web.exports, &person.subject_key, &person.caller);
    let protected = web.lock(Some(key), "", by, wanted.protect).await?;
    let is_protected = protected.is_some();
    let requested = exports
        .request(key, wanted.scope, protected, by)
        .await
        .map_err(PageError::from)?;
    if is_protected && matches!(requested, Requested::AlreadyRunning(_)) {
        return Err(Problem::because(Reason::StillRunning, ANOTHER_RUNS));
    }
    let now = exports.clock.now();
    let too_many = |next| PageError::TooMany { next, now };
    let export = requested.export().map_err(too_many)?;
    let status = match &requested {
        Requested::Queued(_) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let place = format!("/api/v1/exports/{}", export.id);
    let view = json(status, &ExportView::of(&web, export));
    Ok(([(header::LOCATION, place)], view).into_response())
}

/// One export: where it stands and how far it is
#[utoipa::path(
    get,
    path = "/api/v1/exports/{id}",
    params(("id" = uuid::Uuid, Path, description = "The export's id")),
    responses((status = 200, description = "As it is now", body = ExportView))
)]
pub async fn get_export(
    State(web): State<Arc<Web>>,
    holder: Holder,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let export = own(&web, &holder, &id).await?;
    Ok(json(StatusCode::OK, &ExportView::of(&web, &export)))
}

/// Stop an export
///
/// One that has ended in the meantime stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/exports/{id}/cancel",
    params(("id" = uuid::Uuid, Path, description = "The export's id")),
    responses((status = 200, description = "As it is now", body = ExportView))
)]
pub async fn cancel_export(
    State(web): State<Arc<Web>>,
    Account(person): Account,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let export = own(&web, &person, &id).await?;
    web.exports
        .cancel(&person.subject_key, export.id, &person.caller)
        .await
        .map_err(PageError::from)?;
    let export = own(&web, &person, &id).await?;
    Ok(json(StatusCode::OK, &ExportView::of(&web, &export)))
}

/// Delete the file of an export
///
/// The export stays in the list. One without a file stays as it is.
#[utoipa::path(
    delete,
    path = "/api/v1/exports/{id}",
    params(("id" = uuid::Uuid, Path, description = "The export's id")),
    responses(
        (status = 204, description = "There is no file any more"),
        (status = 409, description = "It is still being written: cancel it", body = super::problem::ProblemBody,
            content_type = "application/problem+json"),
    )
)]
pub async fn delete_export(
    State(web): State<Arc<Web>>,
    Account(person): Account,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let export = own(&web, &person, &id).await?;
    if export.status.is_running() {
        return Err(Reason::StillRunning.into());
    }
    web.exports
        .delete(&person.subject_key, export.id, &person.caller)
        .await
        .map_err(PageError::from)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The person's own export with this id; another person's is as unknown as none, and noted.
pub async fn own(web: &Web, who: &Holder, id: &str) -> Result<Export, Problem> {
    let id: ExportId = id.parse().map_err(|_| Reason::NotFound)?;
    let ledger = &web.exports.ledger;
    match ledger.find_export(&who.subject_key, id).await? {
        Some(export) => Ok(export),
        None => Ok(web.deny(&who.subject_key, &who.caller, id).await?),
    }
}

/// An answer in JSON.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_string(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => Problem::from(Reason::Failed).into_response(),
    }
}
