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
use super::sessions::known_page;
use crate::products::DemoPerson;

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
    people: Vec<DemoPerson>,
    login: String,
    problem: Option<String>,
    next: String,
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    next: String,
}

#[derive(Deserialize)]
struct Credentials {
    login: String,
    password: String,
    #[serde(default)]
    next: String,
}

impl SignInPage {
    fn of(web: &Web, next: &str) -> SignInPage {
        let map = web.exports.product.map();
        SignInPage {
            layout: Layout::anonymous("Sign in", &map.product),
            is_offered: map.sign_in.is_some(),
            people: web.site.demo_people.clone(),
            login: String::new(),
            problem: None,
            next: known_page(next).unwrap_or_default().to_owned(),
        }
    }
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
    headers: HeaderMap,
    Form(form): Form<Credentials>,
) -> Result<Response, PageError> {
    let product = &web.exports.product;
    let login = form.login.trim().to_owned();
    let known = product
        .ask(move |product| product.find_credentials(&login))
        .await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let is_right = web.passwords.is_right(form.password, hash).await;
    let name = &product.map().product;
    let problem = match known.filter(|_| is_right) {
        None => "The e-mail address or the password is not right.".to_owned(),
        Some(known) if !known.active => format!(
            "This account is closed or disabled. For questions, write to {}.",
            product.support_contact()
        ),
        Some(known) if known.needs_product_sign_in => format!(
            "This account is protected by a second step. Please sign in through {name} itself."
        ),
        Some(known) => {
            web.close_session(&headers).await?;
            let cookie = web.open_session(&known.subject_key).await?;
            let next = known_page(&form.next).unwrap_or("/");
            return Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response());
        }
    };
    tracing::info!("sign-in refused");
    let page = SignInPage {
        login: form.login,
        problem: Some(problem),
        ..SignInPage::of(&web, &form.next)
    };
    Ok((StatusCode::UNAUTHORIZED, Html(page.render()?)).into_response())
}

async fn sign_out(
    State(web): State<Arc<Web>>,
    headers: HeaderMap,
) -> Result<Response<Body>, PageError> {
    let cookie = web.close_session(&headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}
