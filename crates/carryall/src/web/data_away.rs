//! Settings > Data Protection while the product's database does not answer.
//!
//! Nothing can be counted then, but what became of an export is in the ledger: the failure, in plain
//! words, and the button to try again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};

use super::Web;
use super::errors::PageError;
use super::export_views::{CurrentExport, export_words};
use super::layout::{Layout, Place};
use super::sessions::SignedIn;
use crate::ledger::ExportId;

#[derive(Template)]
#[template(path = "data_away.html")]
struct DataAwayPage {
    layout: Layout,
    current: Option<CurrentExport>,
    support: String,
}

/// The page, for somebody whose account cannot be looked at.
pub async fn page(
    web: &Web,
    session: &SignedIn,
    asked_for: Option<ExportId>,
) -> Result<Response, PageError> {
    let (exports, key) = (&web.exports, &session.subject_key);
    let latest = exports.ledger.list_exports(key, 1).await?;
    let failures = exports.ledger.failures_in_a_row(key).await?;
    let now = exports.clock.now();
    let current = latest.first().and_then(|latest| {
        let scope = export_words(latest, |_| None);
        CurrentExport::of(latest, asked_for, failures, scope, now)
    });
    let page = DataAwayPage {
        layout: Layout {
            place: Place::DataProtection,
            ..Layout::anonymous("Data Protection", &exports.product.map().product)
        },
        // A finished file is for the account's owner alone, and that cannot be seen now.
        current: current.filter(|current| !matches!(current, CurrentExport::Ready(_))),
        support: exports.product.support_contact().to_owned(),
    };
    Ok((StatusCode::SERVICE_UNAVAILABLE, Html(page.render()?)).into_response())
}
