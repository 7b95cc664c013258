//! "Confirm that it is you": the password once more, and the code of an authenticator app where there is one, before
//! an export is asked for or downloaded.
//!
//! What was asked for comes along as the values of its own form, is shown in words, and is done by the
//! answer to this page, with all its checks; nothing is sent again behind the person's back.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;

use super::Web;
use super::errors::PageError;
use super::export_actions;
use super::export_form::ExportForm;
use super::export_views::scope_words;
use super::layout::{Layout, Place};
use super::limits::{Door, check_lengths};
use super::protect_form::{ProtectForm, ProtectView};
use super::sessions::{Person, SignedIn, known_page};
use crate::ledger::{Event, ExportId, Kind};

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/confirm", get(show).post(confirm))
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct ConfirmPage {
    layout: Layout,
    what: String,
    button: &'static str,
    has_password: bool,
    asks_code: bool,
    provider: Option<String>,
    next: String,
    form: Option<ExportForm>,
    protect: ProtectView,
    problem: Option<String>,
}

/// What is done after the proof.
enum Next {
    /// An export is asked for.
    Export,
    /// A finished file is downloaded.
    Download(ExportId),
    /// A page is shown.
    Page(&'static str),
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Proof {
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    #[serde(flatten)]
    form: ExportForm,
    #[serde(flatten)]
    protect: ProtectForm,
}

impl Next {
    /// Only what this program knows, spelled by itself: never an address that somebody sent.
    fn named(text: &str) -> Next {
        let id = text
            .strip_prefix("/exports/")
            .and_then(|rest| rest.strip_suffix("/download"))
            .and_then(|id| id.parse().ok());
        match (text, id) {
            ("export", _) => Next::Export,
            (_, Some(id)) => Next::Download(id),
            (page, None) => Next::Page(known_page(page).unwrap_or("/settings/data-protection")),
        }
    }

    fn text(&self) -> String {
        match self {
            Next::Export => "export".to_owned(),
            Next::Download(id) => download_of(*id),
            Next::Page(page) => (*page).to_owned(),
        }
    }
}

fn download_of(id: ExportId) -> String {
    format!("/exports/{id}/download")
}

/// The page that goes on with what was to be proved, after a proof that was made elsewhere. An export is asked
/// for once more: its passphrase, if it has one, goes nowhere else.
pub fn page_after(next: &str) -> String {
    match Next::named(next) {
        Next::Export => "/settings/data-protection".to_owned(),
        Next::Download(id) => format!("/settings/data-protection?download={id}"),
        Next::Page(page) => page.to_owned(),
    }
}

/// The way from a download to the proof that it needs.
pub fn before_download(id: ExportId) -> Response {
    Redirect::to(&format!("/confirm?next={}", download_of(id))).into_response()
}

/// The page in place of an export that was asked for.
pub async fn before_export(
    web: &Web,
    person: Option<&Person>,
    form: ExportForm,
    protect: &ProtectForm,
) -> Result<Response, PageError> {
    let form = Some((form, protect.view()));
    let page = page(web, person, &Next::Export, form, None).await?;
    Ok((StatusCode::UNAUTHORIZED, page).into_response())
}

async fn show(
    State(web): State<Arc<Web>>,
    Query(asked): Query<Asked>,
    person: Person,
) -> Result<Html<String>, PageError> {
    let next = match Next::named(&asked.next) {
        // An export begins with its form.
        Next::Export => Next::Page("/settings/data-protection"),
        next => next,
    };
    page(&web, Some(&person), &next, None, None).await
}

async fn page(
    web: &Web,
    person: Option<&Person>,
    next: &Next,
    form: Option<(ExportForm, ProtectView)>,
    problem: Option<String>,
) -> Result<Html<String>, PageError> {
    let product = &web.exports.product.map().product;
    let what = match (next, &form) {
        (Next::Export, Some((form, _))) => match form.scope() {
            Ok(scope) => {
                let name = web.workspace_name(person, &scope).await;
                format!(
                    "You asked for an export: {}.",
                    scope_words(&scope, |_| name.clone())
                )
            }
            Err(_) => "You asked for an export.".to_owned(),
        },
        (Next::Download(_), _) => "You asked to download an export.".to_owned(),
        _ => "You are about to see your data.".to_owned(),
    };
    let layout = match person {
        Some(person) => Layout::of(
            "Confirm that it is you",
            Place::DataProtection,
            product,
            &person.subject,
        ),
        None => Layout::anonymous("Confirm that it is you", product),
    };
    let form = form.filter(|_| matches!(next, Next::Export));
    let (form, protect) = form.unzip();
    let asks_code = match person {
        Some(person) => web.asks_code_of(person).await?,
        None => web.knows_codes(),
    };
    let page = ConfirmPage {
        layout,
        what,
        button: match next {
            Next::Export => "Confirm and export",
            Next::Download(_) => "Confirm and download",
            Next::Page(_) => "Confirm",
        },
        asks_code,
        has_password: web.exports.product.map().sign_in.is_some(),
        provider: web.site.oidc.as_ref().map(|oidc| oidc.name.clone()),
        next: next.text(),
        form,
        protect: protect.unwrap_or_default(),
        problem,
    };
    Ok(Html(page.render()?))
}

async fn confirm(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
    person: Person,
    Form(proof): Form<Proof>,
) -> Result<Response, PageError> {
    let next = Next::named(&proof.next);
    if let Some(problem) = web
        .check_proof(&person, proof.password, &proof.code)
        .await?
    {
        let form = Some((proof.form, proof.protect.view()));
        let page = page(&web, Some(&person), &next, form, Some(problem)).await?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let session = &person.session;
    let Some(cookie) = web.renew_session(session, &headers).await? else {
        return Err(PageError::SignInFirst { back_to: None });
    };
    let mut response = after(&web, &person, &next, proof.form, &proof.protect)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    // Whatever came of it, the old token is no longer good.
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn after(
    web: &Arc<Web>,
    person: &Person,
    next: &Next,
    form: ExportForm,
    protect: &ProtectForm,
) -> Result<Response, PageError> {
    Ok(match next {
        Next::Export => {
            export_actions::begin(web, &person.session, Some(person), form, protect).await?
        }
        Next::Download(id) => Redirect::to(&page_after(&download_of(*id))).into_response(),
        Next::Page(page) => Redirect::to(page).into_response(),
    })
}

impl Web {
    /// What is wrong with the proof, if anything.
    async fn check_proof(
        &self,
        person: &Person,
        password: String,
        code: &str,
    ) -> Result<Option<String>, PageError> {
        check_lengths("", &password, code)?;
        let session: &SignedIn = &person.session;
        let (exports, key) = (&self.exports, session.subject_key.clone());
        let by = &session.caller;
        let tries = self.admit(Door::Confirm, Some(&key), "", by).await?;
        let asked = key.clone();
        let known = exports
            .product
            .ask(move |product| product.find_credentials_of(&asked))
            .await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let is_right = self.passwords.is_right(password, hash).await;
        let (problem, outcome) = match known.filter(|_| is_right) {
            None => (self.wrong_proof_words(), "wrong"),
            Some(known) if known.needs_product_sign_in => (self.second_step_words(), "second_step"),
            Some(known) => match self.check_code(&known, code).await?.refusal() {
                None => {
                    exports.ledger.forgive(tries).await?;
                    return Ok(None);
                }
                Some("second_step") => (self.second_step_words(), "second_step"),
                Some(refusal) => (self.wrong_proof_words(), refusal),
            },
        };
        let event = Event::new(Kind::StepUpRefused, Some(&key), by).ended(outcome);
        exports.ledger.note(exports.clock.now(), event).await?;
        Ok(Some(problem))
    }

    /// The same whatever was wrong.
    fn wrong_proof_words(&self) -> String {
        let what = if self.knows_codes() {
            "The password, or the code of your authenticator app, is not right."
        } else {
            "The password is not right."
        };
        what.to_owned()
    }
}
