//! Settings > Data Protection: export your data.
//!
//! Everything on this page is counted or read through the data map, so that it can be held against
//! the file: what the export includes, what is not in it and why, and the exports made so far.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use carryall_format::section::Section;
use serde::Deserialize;

use super::Web;
use super::data_away;
use super::errors::PageError;
use super::event_views::EventView;
use super::export_form::ExportForm;
use super::export_views::{CurrentExport, EarlierExport, export_words};
use super::layout::{Layout, Place};
use super::protect_form::ProtectView;
use super::sessions::{Person, SignedIn};
use super::words;
use crate::exports::estimate::estimated_bytes;
use crate::ledger::{Export, ExportId, Status};
use crate::product::{Counts, Product, Scope};

/// How many exports the list goes back.
const LISTED: u32 = 20;

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/settings/data-protection", get(show))
}

#[derive(Template)]
#[template(path = "data_protection.html")]
struct DataProtectionPage {
    layout: Layout,
    current: Option<CurrentExport>,
    form: ExportForm,
    protect: ProtectView,
    problem: Option<String>,
    workspaces: Vec<(String, String)>,
    file_name: String,
    size_with_contents: String,
    size_without_contents: String,
    contents_size: String,
    included: Vec<IncludedSection>,
    withheld: Vec<WithheldSection>,
    left_out: Vec<(String, String)>,
    earlier: Vec<EarlierExport>,
    starts: Option<(ExportId, String)>,
    /// The name of a file that they have, or will have in a moment.
    downloaded: Option<String>,
    events: Vec<EventView>,
    contact: String,
    support: String,
}

/// A section that the export includes.
struct IncludedSection {
    title: &'static str,
    count: String,
    is_empty: bool,
}

/// What is held back of a section.
struct WithheldSection {
    title: &'static str,
    entries: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Shown {
    #[serde(default)]
    export: String,
    #[serde(default)]
    download: String,
}

async fn show(
    State(web): State<Arc<Web>>,
    Query(shown): Query<Shown>,
    session: SignedIn,
    person: Result<Person, PageError>,
) -> Result<Response, PageError> {
    let asked_for = Wanted {
        export: shown.export.parse().ok(),
        download: shown.download.parse().ok(),
    };
    let shown = match person {
        Ok(person) => page(&web, &person, Sent::default(), Some(asked_for)).await,
        Err(error) => Err(error),
    };
    match shown {
        Err(error) if error.is_the_product_s() => {
            data_away::page(&web, &session, asked_for.export).await
        }
        shown => Ok(shown?.into_response()),
    }
}

/// Which export a click just now was about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// One that was asked for.
    pub export: Option<ExportId>,
    /// One whose download begins now.
    pub download: Option<ExportId>,
}

/// The form as it was sent, and what is wrong with it, if anything.
#[derive(Default)]
pub struct Sent {
    /// What to export.
    pub form: ExportForm,
    /// How to protect it.
    pub protect: ProtectView,
    /// What is wrong, for the person.
    pub problem: Option<String>,
}

/// The page.
pub async fn page(
    web: &Web,
    person: &Person,
    sent: Sent,
    wanted: Option<Wanted>,
) -> Result<Html<String>, PageError> {
    let (exports, key) = (&web.exports, person.subject.key.clone());
    let list = exports.ledger.list_exports(&key, LISTED).await?;
    let failures = exports.ledger.failures_in_a_row(&key).await?;
    let counts = exports
        .product
        .ask(move |product| product.count(&key))
        .await?;
    let (product, now) = (&exports.product, exports.clock.now());
    let scope_of = |export: &Export| export_words(export, |id| workspace_name(&counts, id));
    let wanted = wanted.unwrap_or_default();
    let current = list.first().and_then(|latest| {
        CurrentExport::of(latest, wanted.export, failures, scope_of(latest), now)
    });
    let events = events(web, person).await?;
    let size = |file_contents| {
        let scope = Scope {
            workspace: None,
            since: None,
            until: None,
            file_contents,
        };
        words::size(estimated_bytes(&counts, &scope))
    };
    let map = product.map();
    let page = DataProtectionPage {
        layout: Layout::of(
            "Data Protection",
            Place::DataProtection,
            &map.product,
            &person.subject,
        ),
        current,
        form: sent.form,
        protect: sent.protect,
        problem: sent.problem,
        workspaces: counts
            .workspaces
            .iter()
            .map(|w| (w.id.clone(), w.name.clone().unwrap_or_else(|| w.id.clone())))
            .collect(),
        file_name: product.file_name(now),
        size_with_contents: size(true),
        size_without_contents: size(false),
        contents_size: words::size(counts.file_bytes),
        included: included(&counts),
        withheld: withheld(product),
        left_out: left_out(&counts),
        downloaded: list
            .iter()
            .find(|export| export.status == Status::Ready || export.downloaded_at.is_some())
            .and_then(|export| Some(export.artifact.as_ref()?.file_name.clone())),
        starts: wanted.download.and_then(|id| starting(&list, id)),
        earlier: list
            .iter()
            .filter_map(|e| EarlierExport::of(e, scope_of(e), now))
            .collect(),
        events,
        contact: map.controller.contact.clone(),
        support: product.support_contact().to_owned(),
    };
    Ok(Html(page.render()?))
}

/// The file of theirs whose download begins, and its name.
fn starting(list: &[Export], id: ExportId) -> Option<(ExportId, String)> {
    let export = list.iter().find(|export| export.id == id)?;
    let artifact = export.artifact.as_ref()?;
    let is_ready = export.status == Status::Ready;
    is_ready.then(|| (id, artifact.file_name.clone()))
}

async fn events(web: &Web, person: &Person) -> Result<Vec<EventView>, PageError> {
    let (ledger, session) = (&web.exports.ledger, &person.session);
    let entries = ledger.events_of(&session.subject_key, LISTED).await?;
    let own = &session.session.id;
    Ok(entries
        .iter()
        .filter_map(|entry| EventView::of(entry, own))
        .collect())
}

impl Web {
    /// The name of the workspace that a scope is about, as far as it is known.
    pub(super) async fn workspace_name(
        &self,
        person: Option<&Person>,
        scope: &Scope,
    ) -> Option<String> {
        let (id, key) = (scope.workspace.as_deref()?, person?.subject.key.clone());
        let counts = self
            .exports
            .product
            .ask(move |product| product.count(&key))
            .await;
        workspace_name(&counts.ok()?, id)
    }
}

fn workspace_name(counts: &Counts, id: &str) -> Option<String> {
    counts
        .workspaces
        .iter()
        .find(|workspace| workspace.id == id)?
        .name
        .clone()
}

/// Every section that the product has; one with nothing in it says so.
fn included(counts: &Counts) -> Vec<IncludedSection> {
    Section::ALL
        .into_iter()
        .filter(|section| *section != Section::FileContents)
        .filter_map(|section| {
            let count = *counts.sections.get(&section)?;
            let count_words = match (section, count) {
                (_, 0) => "none".to_owned(),
                (Section::AccountSettings, _) => "included".to_owned(),
                _ => words::count(count),
            };
            Some(IncludedSection {
                title: section.title(),
                count: count_words,
                is_empty: count == 0,
            })
        })
        .collect()
}

fn withheld(product: &Product) -> Vec<WithheldSection> {
    let entries = |list: Vec<&carryall_source::data_map::Withheld>| {
        list.into_iter()
            .map(|w| (words::sentence(&w.what), words::sentence(&w.reason)))
            .collect()
    };
    product
        .withheld()
        .into_iter()
        .map(|(section, list)| WithheldSection {
            title: section.title(),
            entries: entries(list),
        })
        .collect()
}

/// Records of others, with the words of the map or, where it has none, the section's.
fn left_out(counts: &Counts) -> Vec<(String, String)> {
    let mut sums: Vec<(u64, String)> = Vec::new();
    for left_out in &counts.left_out {
        let what = match left_out.what.as_str() {
            "" => format!(
                "{} that others wrote",
                left_out.section.title().to_lowercase()
            ),
            what => what.to_owned(),
        };
        match sums.iter_mut().find(|(_, known)| *known == what) {
            Some((sum, _)) => *sum += left_out.count,
            None => sums.push((left_out.count, what)),
        }
    }
    sums.into_iter()
        .map(|(sum, what)| (words::count(sum), what))
        .collect()
}
