//! What the buttons under Data Protection do: export, stop, delete; and how far a running export is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::Web;
use super::data_protection;
use super::errors::PageError;
use super::export_form::ExportForm;
use super::export_views::{progress_words, section_words};
use super::sessions::{Person, SignedIn};
use crate::ledger::ExportId;

/// A small account's export is ready within the click's own request.
const CLICK_PATIENCE: Duration = Duration::from_millis(1_500);

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/exports", post(request))
        .route("/exports/{id}/status", get(status))
        .route("/exports/{id}/stop", post(stop))
        .route("/exports/{id}/delete", post(delete))
}

/// Also while the product's database does not answer: whether the account is active is looked at again
/// before anything is read, and the failure is then told with its reason and a way to try again.
async fn request(
    State(web): State<Arc<Web>>,
    session: SignedIn,
    person: Result<Person, PageError>,
    Form(form): Form<ExportForm>,
) -> Result<Response, PageError> {
    let person = match person {
        Err(error) if !error.is_the_product_s() => return Err(error),
        person => person,
    };
    let scope = match form.scope() {
        Ok(scope) => scope,
        Err(problem) => {
            let page = data_protection::page(&web, &person?, form, Some(problem), None).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (exports, key) = (&web.exports, &session.subject_key);
    let id = exports.request(key, scope).await?.export().id;
    exports.wait_briefly(key, id, CLICK_PATIENCE).await?;
    Ok(back_to(Some(id)))
}

/// How far an export is, for the script on the page.
async fn status(
    State(web): State<Arc<Web>>,
    person: SignedIn,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = export_id(&id)?;
    let export = web
        .exports
        .ledger
        .find_export(&person.subject_key, id)
        .await?;
    let export = export.ok_or(PageError::NotFound)?;
    let (text, percent) = progress_words(&export);
    let body = serde_json::json!({
        "status": export.status.name(),
        "is_running": export.status.is_running(),
        "section": section_words(&export),
        "text": text,
        "percent": percent,
    });
    Ok((
        [(header::CONTENT_TYPE, "application/json")],
        body.to_string(),
    )
        .into_response())
}

async fn stop(
    State(web): State<Arc<Web>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = export_id(&id)?;
    // One that ended in the meantime is shown as what it is.
    web.exports.cancel(&person.subject.key, id).await?;
    Ok(back_to(Some(id)))
}

async fn delete(
    State(web): State<Arc<Web>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = export_id(&id)?;
    let known = web
        .exports
        .ledger
        .find_export(&person.subject.key, id)
        .await?;
    known.ok_or(PageError::NotFound)?;
    web.exports.delete(&person.subject.key, id).await?;
    Ok(back_to(None))
}

fn export_id(text: &str) -> Result<ExportId, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

fn back_to(shown: Option<ExportId>) -> Response {
    let page = "/settings/data-protection";
    match shown {
        Some(id) => Redirect::to(&format!("{page}?export={id}")).into_response(),
        None => Redirect::to(&format!("{page}#earlier")).into_response(),
    }
}
