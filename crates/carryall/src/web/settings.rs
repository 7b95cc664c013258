//! Settings > General: the account's facts, to read, and where the person is signed in.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{Html, Redirect};
use axum::routing::get;

use super::Web;
use super::account_facts::account_facts;
use super::errors::PageError;
use super::layout::{Layout, Place};
use super::session_list::SessionView;
use super::sessions::Person;

pub fn router() -> Router<Arc<Web>> {
    Router::new()
        .route(
            "/settings",
            get(|| async { Redirect::to("/settings/general") }),
        )
        .route("/settings/general", get(show))
}

#[derive(Template)]
#[template(path = "settings.html")]
struct SettingsPage {
    layout: Layout,
    account: Vec<(String, String)>,
    sessions: Vec<SessionView>,
}

async fn show(State(web): State<Arc<Web>>, person: Person) -> Result<Html<String>, PageError> {
    let subject = &person.subject;
    let key = subject.key.clone();
    let product = &web.exports.product;
    let account = product
        .ask(move |product| product.account_settings(&key))
        .await?;
    let page = SettingsPage {
        layout: Layout::of("Settings", Place::General, &product.map().product, subject),
        account: account_facts(&account),
        sessions: web.session_views(&person.session).await?,
    };
    Ok(Html(page.render()?))
}
