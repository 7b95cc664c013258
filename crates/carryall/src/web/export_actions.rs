//! What the buttons under Data Protection do: export, stop, delete; and how far a running export is.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::Web;
use super::confirm;
use super::data_protection::{self, Sent};
use super::errors::PageError;
use super::export_form::ExportForm;
use super::export_views::{progress_words, section_words};
use super::protect_form::ProtectForm;
use super::sessions::{Person, SignedIn, Watching};
use crate::ledger::{Caller, Event, ExportId, Kind, Requested, SubjectKey};

/// A small account's export is ready within the click's own request.
const CLICK_PATIENCE: Duration = Duration::from_millis(1_500);

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/exports", post(request))
        .route("/exports/{id}/status", get(status))
        .route("/exports/{id}/stop", post(stop))
        .route("/exports/{id}/delete", post(delete))
}

/// What the form under Data Protection sends.
#[derive(Deserialize)]
struct Wished {
    #[serde(flatten)]
    form: ExportForm,
    #[serde(flatten)]
    protect: ProtectForm,
}

/// Also while the product's database does not answer: whether the account is active is looked at again
/// before anything is read, and the failure is then told with its reason and a way to try again.
async fn request(
    State(web): State<Arc<Web>>,
    session: SignedIn,
    person: Result<Person, PageError>,
    Form(Wished { form, protect }): Form<Wished>,
) -> Result<Response, PageError> {
    let person = match person {
        Err(error) if !error.is_the_product_s() => return Err(error),
        person => person,
    };
    // Whether the choice makes sense is told before the password is asked for.
    let makes_sense = form.scope().is_ok() && protect.chosen().is_ok();
    if makes_sense && !session.is_proved(web.exports.clock.now()) {
        return confirm::before_export(&web, person.as_ref().ok(), form, &protect).await;
    }
    match person {
        Err(error) if !makes_sense => Err(error),
        person => begin(&web, &session, person.as_ref().ok(), form, &protect).await,
    }
}

/// Asks for the export that the form says, for somebody who has proved who they are.
pub async fn begin(
    web: &Web,
    session: &SignedIn,
    person: Option<&Person>,
    form: ExportForm,
    protect: &ProtectForm,
) -> Result<Response, PageError> {
    let scope = form.scope().map_err(str::to_owned);
    let (scope, chosen) = match scope.and_then(|scope| Ok((scope, protect.chosen()?))) {
        Ok(chosen) => chosen,
        Err(problem) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            return not_begun(web, person, form, protect, (status, problem)).await;
        }
    };
    let (exports, key) = (&web.exports, &session.subject_key);
    let by = &session.caller;
    let protected = web.lock(Some(key), "", by, chosen).await?;
    let is_protected = protected.is_some();
    let requested = exports.request(key, scope, protected, by).await?;
    if is_protected && matches!(requested, Requested::AlreadyRunning(_)) {
        let problem = (StatusCode::CONFLICT, ANOTHER_RUNS.to_owned());
        return not_begun(web, person, form, protect, problem).await;
    }
    let now = exports.clock.now();
    let too_many = |next| PageError::TooMany { next, now };
    let id = requested.export().map_err(too_many)?.id;
    exports.wait_briefly(key, id, CLICK_PATIENCE).await?;
    Ok(back_to(Some(id)))
}

/// Nobody must take the file that comes for the protected one that they have just asked for.
const ANOTHER_RUNS: &str = "An export is being written already, so this one was not begun. If the one \
    that runs is not protected as you want it, stop it and ask again.";

/// The form again, with what is wrong with it.
async fn not_begun(
    web: &Web,
    person: Option<&Person>,
    form: ExportForm,
    protect: &ProtectForm,
    (status, problem): (StatusCode, String),
) -> Result<Response, PageError> {
    let Some(person) = person else {
        return Ok(back_to(None));
    };
    let sent = Sent {
        form,
        protect: protect.view(),
        problem: Some(problem),
    };
    let page = data_protection::page(web, person, sent, None).await?;
    Ok((status, page).into_response())
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
        return web.deny(&person.subject_key, &person.caller, id).await;
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
        return web.deny(&session.subject_key, &session.caller, id).await;
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
        return web.deny(&session.subject_key, &session.caller, id).await;
    }
    let by = &session.caller;
    web.exports.delete(&session.subject_key, id, by).await?;
    Ok(back_to(None))
}

impl Web {
    /// Notes that somebody asked for an export that is not theirs or not there: the same either way.
    pub(super) async fn deny<T>(
        &self,
        who: &SubjectKey,
        by: &Caller,
        id: ExportId,
    ) -> Result<T, PageError> {
        let event = Event::new(Kind::Denied, Some(who), by).about(id);
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
