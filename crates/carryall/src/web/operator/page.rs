//! The letters that wait for an answer, what is overdue first, and the form that files one.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;
use jiff::civil::Date;

use super::super::Web;
use super::super::errors::PageError;
use super::super::layout::{Layout, Place};
use super::super::protect_form::{ProtectView, protection_words};
use super::Operator;
use crate::deadline::{day_of, days_left};
use crate::ledger::{Letter, State as Where, Status};
use crate::operators::Role;

/// How many letters the page shows.
const LISTED: u32 = 100;

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/operator", get(show))
}

#[derive(Template)]
#[template(path = "operator.html")]
struct OperatorPage {
    layout: Layout,
    operator: String,
    may_ask: bool,
    today: Date,
    form: LetterView,
    protect: ProtectView,
    problem: Option<String>,
    letters: Vec<LetterLine>,
}

/// The form as it was sent.
#[derive(Debug, Clone, Default)]
pub struct LetterView {
    /// E-mail address or key.
    pub who: String,
    /// The day of receipt.
    pub received: String,
    /// Where the letter is kept.
    pub reference: String,
    /// Why the data may be given out.
    pub reason: String,
}

/// A letter in the list, with what this operator may do with it.
struct LetterLine {
    letter: Letter,
    person: String,
    state: String,
    due: String,
    is_overdue: bool,
    protection: &'static str,
    may: Vec<&'static str>,
}

impl LetterLine {
    /// Whether this operator may do this with it.
    fn may(&self, what: &str) -> bool {
        self.may.contains(&what)
    }
}

async fn show(State(web): State<Arc<Web>>, operator: Operator) -> Result<Html<String>, PageError> {
    let sent = (LetterView::default(), ProtectView::default());
    page(&web, &operator, sent, None).await
}

/// The page, with the form as it was sent and what is wrong with it, if anything.
pub async fn page(
    web: &Web,
    operator: &Operator,
    (form, protect): (LetterView, ProtectView),
    problem: Option<String>,
) -> Result<Html<String>, PageError> {
    let exports = &web.exports;
    let today = day_of(exports.clock.now());
    let mut letters = Vec::new();
    for letter in exports.ledger.list_letters(LISTED).await? {
        letters.push(line(web, operator, letter, today).await?);
    }
    let page = OperatorPage {
        layout: Layout::anonymous("Letters", &exports.product.map().product),
        operator: operator.name().to_owned(),
        may_ask: operator.may(web, Role::Ask),
        today,
        form,
        protect,
        problem,
        letters,
    };
    Ok(Html(page.render()?))
}

async fn line(
    web: &Web,
    operator: &Operator,
    letter: Letter,
    today: Date,
) -> Result<LetterLine, PageError> {
    let is_own = letter.asked_by == operator.name();
    let left = days_left(letter.due_on, today);
    let (state, is_ready) = state(web, &letter).await?;
    let asks = is_own && operator.may(web, Role::Ask);
    let decides = letter.state == Where::Waiting && !is_own && operator.may(web, Role::Approve);
    let may = [
        ("decide", decides),
        ("close", letter.is_open() && asks),
        (
            "extend",
            letter.is_open() && letter.extension_reason.is_none() && left >= 0,
        ),
        ("download", is_ready && asks),
    ];
    Ok(LetterLine {
        person: person(web, &letter).await,
        state,
        due: due_words(&letter, left),
        is_overdue: letter.is_open() && left < 0,
        protection: letter.protection.map_or("", protection_words),
        may: may
            .iter()
            .filter(|(_, may)| *may)
            .map(|(what, _)| *what)
            .collect(),
        letter,
    })
}

/// Address and key: that is how an account is held against a letter. Of a closed letter, the key.
async fn person(web: &Web, letter: &Letter) -> String {
    let key = letter.subject_key.clone();
    if !letter.is_open() {
        return key.0;
    }
    let asked = key.clone();
    let found = web
        .exports
        .product
        .ask(move |product| product.find_active_subject(&asked))
        .await;
    match found.ok().and_then(|subject| subject.email) {
        Some(email) => format!("{email} ({})", key.0),
        None => key.0,
    }
}

/// Where it stands, in words, and whether its file can be fetched.
async fn state(web: &Web, letter: &Letter) -> Result<(String, bool), PageError> {
    let by = letter.decided_by.as_deref().unwrap_or_default();
    let exports = &web.exports;
    Ok(match (letter.state, letter.export_id) {
        (Where::Approved, Some(id)) => {
            let found = exports.ledger.find_export(&letter.subject_key, id).await?;
            let status = found.as_ref().map(|export| export.status);
            let is_ready = found
                .and_then(|export| exports.downloadable(export))
                .is_some();
            let file = match status {
                Some(status) if status.is_running() => "the file is being written",
                Some(Status::Ready) if is_ready => "the file is ready",
                Some(Status::Failed) => "the export failed: close this and file it again",
                _ => "the file is gone: close this, or file it again",
            };
            (format!("Approved by {by}; {file}"), is_ready)
        }
        (Where::Waiting, _) => ("Waits for a second operator".to_owned(), false),
        (Where::Refused, _) => (format!("Refused by {by}"), false),
        _ => ("Closed".to_owned(), false),
    })
}

fn due_words(letter: &Letter, left: i32) -> String {
    let day = letter.due_on.strftime("%-d %B %Y");
    match left {
        _ if !letter.is_open() => format!("was due {day}"),
        ..=-2 => format!("overdue since {day}, {} days", -left),
        -1 => format!("overdue since {day}, one day"),
        0 => format!("due today, {day}"),
        1 => format!("due tomorrow, {day}"),
        _ => format!("due {day}, in {left} days"),
    }
}
