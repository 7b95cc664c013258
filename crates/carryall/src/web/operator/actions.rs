//! What operators do with letters: file, approve, refuse, extend, close.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::Web;
use super::super::errors::PageError;
use super::super::limits::Door;
use super::super::protect_form::{Chosen, ProtectForm, ProtectView};
use super::Operator;
use super::page::{LetterView, page};
use crate::deadline::{day_of, due, extended};
use crate::ledger::{Decided, ExportId, NewLetter, SubjectKey};
use crate::operators::{Role, as_reason, as_reference};
use crate::product::ProductError;

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/operator/letters", post(file))
        .route("/operator/letters/{id}/approve", post(approve))
        .route("/operator/letters/{id}/refuse", post(refuse))
        .route("/operator/letters/{id}/extend", post(extend))
        .route("/operator/letters/{id}/close", post(close))
}

#[derive(Deserialize)]
struct LetterForm {
    who: String,
    received: String,
    reference: String,
    reason: String,
    #[serde(flatten)]
    protect: ProtectForm,
}

#[derive(Deserialize)]
struct Words {
    words: String,
}

#[derive(Deserialize)]
struct Password {
    password: String,
}

async fn file(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Form(form): Form<LetterForm>,
) -> Result<Response, PageError> {
    operator.must_be(&web, Role::Ask)?;
    match accepted(&web, &operator, &form).await? {
        Ok(new) => {
            let by = operator.acts(&web);
            web.exports.ledger.file_letter(new, by).await?;
            Ok(Redirect::to("/operator").into_response())
        }
        Err(problem) => {
            let view = LetterView {
                who: form.who,
                received: form.received,
                reference: form.reference,
                reason: form.reason,
            };
            let sent = (view, form.protect.view());
            let page = page(&web, &operator, sent, Some(problem)).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
    }
}

/// The letter that the form says, or what is wrong with it.
async fn accepted(
    web: &Web,
    operator: &Operator,
    form: &LetterForm,
) -> Result<Result<NewLetter, String>, PageError> {
    let (exports, by) = (&web.exports, &operator.caller);
    let now = exports.clock.now();
    let facts = received(&form.received, day_of(now)).and_then(|day| {
        Ok((
            day,
            as_reference(&form.reference)?,
            as_reason(&form.reason)?,
        ))
    });
    let (received_on, reference, reason) = match facts {
        Ok(facts) => facts,
        Err(problem) => return Ok(Err(problem.to_owned())),
    };
    let chosen = match form.protect.chosen() {
        Ok(Chosen::Nothing) => return Ok(Err(UNPROTECTED.to_owned())),
        Ok(chosen) => chosen,
        Err(problem) => return Ok(Err(problem)),
    };
    // Looking people up is limited too, whether they are there or not.
    web.admit(Door::Letter, None, operator.name(), by).await?;
    let Some(subject_key) = found(web, &form.who).await? else {
        return Ok(Err(NOBODY.to_owned()));
    };
    let who = format!("operator {}", operator.name());
    let Some(protected) = web.lock(None, &who, by, chosen).await? else {
        return Ok(Err(UNPROTECTED.to_owned()));
    };
    Ok(Ok(NewLetter {
        id: exports.random.uuid(now).to_string(),
        subject_key,
        reference,
        reason,
        received_on,
        due_on: due(received_on),
        protected,
    }))
}

const UNPROTECTED: &str = "A file that is sent to somebody has to be protected.";
const NOBODY: &str = "There is no active account with this e-mail address or key.";

async fn found(web: &Web, who: &str) -> Result<Option<SubjectKey>, PageError> {
    let who = who.trim().to_owned();
    if who.is_empty() || who.len() > 320 {
        return Ok(None);
    }
    let found = web
        .exports
        .product
        .ask(move |product| product.find_person(&who))
        .await;
    match found {
        Ok(subject) => Ok(Some(subject.key)),
        Err(ProductError::NoAccount) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn received(text: &str, today: Date) -> Result<Date, &'static str> {
    let day: Date = text.trim().parse().map_err(
        |_| "Please write the day of receipt as year-month-day, for example 2026-11-23.",
    )?;
    if day > today {
        return Err("The day of receipt is not over yet.");
    }
    if day < today.saturating_sub(1.year()) {
        return Err("The day of receipt is more than a year ago.");
    }
    Ok(day)
}

/// The second operator's word, with their password once more.
async fn approve(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Path(id): Path<String>,
    Form(form): Form<Password>,
) -> Result<Response, PageError> {
    operator.must_be(&web, Role::Approve)?;
    let by = operator.acts(&web);
    if !web
        .is_operator(operator.name(), form.password, &operator.caller)
        .await?
    {
        let problem = "The password is not right. Nothing was approved.";
        return again(&web, &operator, StatusCode::UNAUTHORIZED, problem).await;
    }
    let exports = &web.exports;
    let export = ExportId(exports.random.uuid(by.now));
    let decided = exports.ledger.approve_letter(&id, export, by).await?;
    exports.wake();
    ended(&web, &operator, decided).await
}

async fn refuse(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Path(id): Path<String>,
    Form(form): Form<Words>,
) -> Result<Response, PageError> {
    operator.must_be(&web, Role::Approve)?;
    let words = match as_reason(&form.words) {
        Ok(words) => words,
        Err(problem) => return unclear(&web, &operator, problem).await,
    };
    let by = operator.acts(&web);
    let decided = web.exports.ledger.refuse_letter(&id, &words, by).await?;
    ended(&web, &operator, decided).await
}

async fn extend(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Path(id): Path<String>,
    Form(form): Form<Words>,
) -> Result<Response, PageError> {
    let words = match as_reason(&form.words) {
        Ok(words) => words,
        Err(problem) => return unclear(&web, &operator, problem).await,
    };
    let ledger = &web.exports.ledger;
    let letter = ledger.find_letter(&id).await?.ok_or(PageError::NotFound)?;
    let by = operator.acts(&web);
    let (until, today) = (extended(letter.received_on), day_of(by.now));
    if ledger
        .extend_letter(&letter, until, &words, today, by)
        .await?
    {
        return Ok(Redirect::to("/operator").into_response());
    }
    let problem = "It cannot be extended: it was already, is answered, or its month is over.";
    again(&web, &operator, StatusCode::CONFLICT, problem).await
}

async fn close(
    State(web): State<Arc<Web>>,
    operator: Operator,
    Path(id): Path<String>,
    Form(form): Form<Words>,
) -> Result<Response, PageError> {
    operator.must_be(&web, Role::Ask)?;
    let words = match as_reason(&form.words) {
        Ok(words) => words,
        Err(problem) => return unclear(&web, &operator, problem).await,
    };
    let by = operator.acts(&web);
    if web.exports.ledger.close_letter(&id, &words, by).await? {
        return Ok(Redirect::to("/operator").into_response());
    }
    let problem = "Only who filed a letter can close it, and only once.";
    again(&web, &operator, StatusCode::CONFLICT, problem).await
}

async fn ended(web: &Web, operator: &Operator, decided: Decided) -> Result<Response, PageError> {
    let problem = match decided {
        Decided::Done => return Ok(Redirect::to("/operator").into_response()),
        Decided::OwnLetter => "Nobody decides on a letter that they have filed themselves.",
        Decided::NotWaiting => "This letter does not wait for a decision any more.",
        Decided::Running => {
            "An export of this person is being written at the moment. Try again in a minute."
        }
    };
    again(web, operator, StatusCode::CONFLICT, problem).await
}

async fn unclear(web: &Web, operator: &Operator, problem: &str) -> Result<Response, PageError> {
    again(web, operator, StatusCode::UNPROCESSABLE_ENTITY, problem).await
}

/// The page, with what came of it.
async fn again(
    web: &Web,
    operator: &Operator,
    status: StatusCode,
    problem: &str,
) -> Result<Response, PageError> {
    let sent = (LetterView::default(), ProtectView::default());
    let page = page(web, operator, sent, Some(problem.to_owned())).await?;
    Ok((status, page).into_response())
}
