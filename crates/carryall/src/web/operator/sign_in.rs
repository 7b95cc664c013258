//! Operators sign in with a password of their own, which is checked and limited as everybody's.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::super::Web;
use super::super::errors::PageError;
use super::super::layout::{Layout, Place};
use super::super::limits::{Door, check_lengths};
use super::{Operator, cookie, cookie_name};
use crate::ledger::{Caller, Event, Kind};

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route("/operator/sign-in", get(show).post(sign_in))
        .route("/operator/sign-out", post(sign_out))
}

#[derive(Template)]
#[template(path = "operator_sign_in.html")]
struct OperatorSignInPage {
    layout: Layout,
    problem: Option<&'static str>,
}

#[derive(Deserialize)]
struct Credential {
    name: String,
    password: String,
}

fn page(web: &Web, problem: Option<&'static str>) -> Result<Html<String>, PageError> {
    let product = &web.exports.product.map().product;
    let layout = Layout::anonymous("Operators: sign in", product);
    Ok(Html(OperatorSignInPage { layout, problem }.render()?))
}

async fn show(State(web): State<Arc<Web>>) -> Result<Html<String>, PageError> {
    page(&web, None)
}

async fn sign_in(
    State(web): State<Arc<Web>>,
    caller: Caller,
    Form(form): Form<Credential>,
) -> Result<Response, PageError> {
    let (exports, now) = (&web.exports, web.exports.clock.now());
    let name = form.name.trim();
    if !web.is_operator(name, form.password, &caller).await? {
        // A name that somebody made up is not on the record.
        let known = web.site.operators.named(name).map(|_| name);
        let event = Event::new(Kind::OperatorSignInRefused, None, &caller)
            .ended("wrong")
            .with(json!({ "operator": known }));
        exports.ledger.note(now, event).await?;
        let page = page(&web, Some("The name or the password is not right."))?;
        return Ok((StatusCode::UNAUTHORIZED, page).into_response());
    }
    let token = exports.random.token();
    let by = Caller {
        session_id: Some(exports.random.short_id()),
        ..caller
    };
    exports
        .ledger
        .create_operator_session(&token, name, &by, now)
        .await?;
    let cookie = cookie(&web, &token);
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/operator")).into_response())
}

async fn sign_out(
    State(web): State<Arc<Web>>,
    _operator: Operator,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let cookies = headers.get_all(header::COOKIE).iter();
    let pairs = cookies.filter_map(|header| header.to_str().ok());
    for pair in pairs.flat_map(|header| header.split(';')) {
        let token = pair.trim().strip_prefix(cookie_name(&web));
        if let Some(token) = token.and_then(|rest| rest.strip_prefix('=')) {
            web.exports.ledger.end_operator_session(token).await?;
        }
    }
    let cookie = cookie(&web, "");
    let away = Redirect::to("/operator/sign-in");
    Ok(([(header::SET_COOKIE, cookie)], away).into_response())
}

impl Web {
    /// Whether this is the operator's password. Unknown and wrong look and cost alike.
    pub(super) async fn is_operator(
        &self,
        name: &str,
        password: String,
        by: &Caller,
    ) -> Result<bool, PageError> {
        check_lengths(name, &password, "")?;
        let tries = self.admit(Door::Operator, None, name, by).await?;
        let hash = self.site.operators.named(name);
        let hash = hash.map(|operator| operator.password.clone());
        let is_right = self.passwords.is_right(password, hash).await;
        if is_right {
            self.exports.ledger.forgive(tries).await?;
        }
        Ok(is_right)
    }
}
