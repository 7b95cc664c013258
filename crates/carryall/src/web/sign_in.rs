//! Sign-in with the password that the product already knows, and sign-out.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Router, body::Body};
use serde::Deserialize;

use super::Web;
use super::errors::PageError;
use super::layout::{Layout, Place};
use super::limits::{Door, check_lengths};
use super::sessions::{Opening, known_page};
use crate::ledger::{Caller, Event, Kind};
use crate::product::Credentials;
use crate::products::DemoPerson;
use crate::totp::Secret;

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/sign-in", get(show).post(sign_in))
        .route("/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    layout: Layout,
    is_offered: bool,
    asks_code: bool,
    provider: Option<String>,
    people: Vec<DemoView>,
    login: String,
    problem: Option<String>,
    next: String,
}

/// Somebody of the demo.
struct DemoView {
    person: DemoPerson,
    /// What an authenticator app would show now.
    code: Option<String>,
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Credential {
    login: String,
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

impl SignInPage {
    fn of(web: &Web, next: &str) -> SignInPage {
        let map = web.exports.product.map();
        SignInPage {
            layout: Layout::anonymous("Sign in", &map.product),
            is_offered: map.sign_in.is_some(),
            asks_code: web.knows_codes(),
            provider: web.site.oidc.as_ref().map(|oidc| oidc.name.clone()),
            people: web.demo_people(),
            login: String::new(),
            problem: None,
            next: known_page(next).unwrap_or_default().to_owned(),
        }
    }
}

/// The page, with why somebody did not get in another way.
pub fn refused(web: &Web, problem: String, next: &str) -> Result<Response, PageError> {
    let page = SignInPage {
        problem: Some(problem),
        ..SignInPage::of(web, next)
    };
    Ok((StatusCode::UNAUTHORIZED, Html(page.render()?)).into_response())
}

async fn show(
    State(web): State<Arc<Web>>,
    Query(back): Query<Back>,
) -> Result<Html<String>, PageError> {
    Ok(Html(SignInPage::of(&web, &back.next).render()?))
}

/// Unknown and wrong look alike; what else is in the way is told to whoever knows the password.
async fn sign_in(
    State(web): State<Arc<Web>>,
    caller: Caller,
    headers: HeaderMap,
    Form(form): Form<Credential>,
) -> Result<Response, PageError> {
    check_lengths(&form.login, &form.password, &form.code)?;
    let (problem, outcome, known) = match web.recognise(&form, &caller).await? {
        Recognised::As(known, how) => {
            let opening = Opening {
                subject: &known.subject_key,
                proved_at: web.exports.clock.now(),
                how,
            };
            let cookie = web.open_session(opening, &headers, &caller).await?;
            let next = known_page(&form.next).unwrap_or("/");
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response());
        }
        Recognised::Not(problem, outcome, known) => (problem, outcome, known),
    };
    let key = known.as_ref().map(|known| &known.subject_key);
    let event = Event::new(Kind::SignInRefused, key, &caller).ended(outcome);
    web.exports
        .ledger
        .note(web.exports.clock.now(), event)
        .await?;
    tracing::info!("sign-in refused");
    let page = SignInPage {
        login: form.login,
        problem: Some(problem),
        ..SignInPage::of(&web, &form.next)
    };
    Ok((StatusCode::UNAUTHORIZED, Html(page.render()?)).into_response())
}

/// What came of a login and a password.
enum Recognised {
    /// This person may come in; the word for how they showed it.
    As(Credentials, &'static str),
    /// Nobody may: the words for the person, the word for the log, and whose account it was.
    Not(String, &'static str, Option<Credentials>),
}

impl Web {
    async fn recognise(&self, form: &Credential, by: &Caller) -> Result<Recognised, PageError> {
        let product = &self.exports.product;
        let login = form.login.trim().to_owned();
        let asked = login.clone();
        let known = product
            .ask(move |product| product.find_credentials(&asked))
            .await?;
        let key = known.as_ref().map(|known| &known.subject_key);
        let tries = self.admit(Door::SignIn, key, &login, by).await?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let is_right = self.passwords.is_right(form.password.clone(), hash).await;
        let Some(account) = known.clone().filter(|_| is_right) else {
            return Ok(Recognised::Not(self.wrong_words(), "wrong", known));
        };
        let code = self.check_code(&account, &form.code).await?;
        if let Some(outcome @ ("wrong_code" | "used_code")) = code.refusal() {
            return Ok(Recognised::Not(self.wrong_words(), outcome, known));
        }
        self.exports.ledger.forgive(tries).await?;
        Ok(if !account.active {
            let contact = product.support_contact();
            let problem =
                format!("This account is closed or disabled. For questions, write to {contact}.");
            Recognised::Not(problem, "closed", known)
        } else if account.needs_product_sign_in || code.refusal().is_some() {
            Recognised::Not(self.second_step_words(), "second_step", known)
        } else {
            Recognised::As(account, code.how())
        })
    }

    /// The same whatever was wrong: who knows a password and no code learns nothing.
    fn wrong_words(&self) -> String {
        let what = if self.knows_codes() {
            "The e-mail address, the password or the code of your authenticator app is not right."
        } else {
            "The e-mail address or the password is not right."
        };
        what.to_owned()
    }

    fn demo_people(&self) -> Vec<DemoView> {
        let now = self.exports.clock.now();
        let view = |person: &DemoPerson| DemoView {
            code: person
                .totp_secret
                .as_deref()
                .and_then(Secret::from_base32)
                .map(|secret| secret.code_at(now)),
            person: person.clone(),
        };
        self.site.demo_people.iter().map(view).collect()
    }

    /// Why what can be asked for here does not do.
    pub(super) fn second_step_words(&self) -> String {
        let name = &self.exports.product.map().product;
        format!("This account is protected by a second step. Please sign in through {name} itself.")
    }
}

async fn sign_out(
    State(web): State<Arc<Web>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response<Body>, PageError> {
    let cookie = web.close_session(&headers, &caller, "ok").await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
