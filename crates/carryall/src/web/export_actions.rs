//! What the buttons under Data Protection do: export, stop, delete; and how far a running export is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};

use super::Web;
use super::confirm;
use super::data_protection;
use super::errors::PageError;
use super::export_form::ExportForm;
use super::export_views::{progress_words, section_words};
use super::sessions::{Person, SignedIn, Watching};
use crate::ledger::{Event, ExportId, Kind};

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
    // Whether the choice makes sense is told before the password is asked for.
    if form.scope().is_ok() && !session.is_proved(web.exports.clock.now()) {
        return confirm::before_export(&web, person.as_ref().ok(), form).await;
    }
    match person {
        Err(error) if form.scope().is_err() => Err(error),
        person => begin(&web, &session, person.as_ref().ok(), form).await,
    }
}

/// Asks for the export that the form says, for somebody who has proved who they are.
pub async fn begin(
    web: &Web,
    session: &SignedIn,
    person: Option<&Person>,
    form: ExportForm,
) -> Result<Response, PageError> {
    let scope = match (form.scope(), person) {
        (Ok(scope), _) => scope,
        (Err(_), None) => return Ok(back_to(None)),
        (Err(problem), Some(person)) => {
            let page = data_protection::page(web, person, form, Some(problem), None).await?;
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    let (exports, key) = (&web.exports, &session.subject_key);
    let requested = exports.request(key, scope, &session.caller).await?;
    let now = exports.clock.now();
    let too_many = |next| PageError::TooMany { next, now };
    let id = requested.export().map_err(too_many)?.id;
    exports.wait_briefly(key, id, CLICK_PATIENCE).await?;
    Ok(back_to(Some(id)))
}

/// How far an export is, for the script on the page.
async fn status(
    State(web): State<Arc<Web>>,
    Watching(person): Watching,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = export_id(&id)?;
    let export = web
        .exports
        .ledger
        .find_export(&person.subject_key, id)
        .await?;
    let Some(export) = export else {
        return web.deny(&person, id).await;
    };
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
    let session = &person.session;
    let known = web
        .exports
        .ledger
        .find_export(&session.subject_key, id)
        .await?;
    if known.is_none() {
        return web.deny(session, id).await;
    }
    // One that ended in the meantime is shown as what it is.
    let by = &session.caller;
    web.exports.cancel(&session.subject_key, id, by).await?;
    Ok(back_to(Some(id)))
}

async fn delete(
    State(web): State<Arc<Web>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let id = export_id(&id)?;
    let session = &person.session;
    let known = web
        .exports
        .ledger
        .find_export(&session.subject_key, id)
        .await?;
    if known.is_none() {
        return web.deny(session, id).await;
    }
    let by = &session.caller;
    web.exports.delete(&session.subject_key, id, by).await?;
    Ok(back_to(None))
}

impl Web {
    /// Notes that somebody asked for an export that is not theirs or not there: the same either way.
    pub(super) async fn deny<T>(&self, who: &SignedIn, id: ExportId) -> Result<T, PageError> {
        let event = Event::new(Kind::Denied, Some(&who.subject_key), &who.caller).about(id);
        let now = self.exports.clock.now();
        self.exports.ledger.note(now, event).await?;
        Err(PageError::NotFound)
    }
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
