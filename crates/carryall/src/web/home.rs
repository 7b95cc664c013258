//! Home: the person's workspaces and how much each holds, counted as an export counts.

use std::sync::Arc;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::Html;
use axum::routing::get;

use super::Web;
use super::errors::PageError;
use super::layout::{Layout, Place};
use super::sessions::Person;
use super::words;
use crate::product::{Counts, WorkspaceCounts};

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/", get(show))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: Layout,
    workspaces: Vec<WorkspaceView>,
    outside: Option<WorkspaceView>,
}

/// One workspace on the page.
struct WorkspaceView {
    name: String,
    id: String,
    shared: bool,
    holdings: Vec<(&'static str, String)>,
}

async fn show(State(web): State<Arc<Web>>, person: Person) -> Result<Html<String>, PageError> {
    let (product, key) = (&web.exports.product, person.subject.key.clone());
    let counts: Counts = product.ask(move |product| product.count(&key)).await?;
    let outside = WorkspaceView::of(&counts.outside_workspaces, "Outside workspaces");
    let page = HomePage {
        layout: Layout::of(
            "Workspaces",
            Place::Home,
            &product.map().product,
            &person.subject,
        ),
        workspaces: counts
            .workspaces
            .iter()
            .map(|workspace| WorkspaceView::of(workspace, "Workspace without a name"))
            .collect(),
        outside: Some(outside).filter(|view| view.holdings.iter().any(|(_, count)| count != "0")),
    };
    Ok(Html(page.render()?))
}

impl WorkspaceView {
    fn of(counts: &WorkspaceCounts, unnamed: &str) -> WorkspaceView {
        let mut holdings = vec![
            ("Threads", words::count(counts.threads)),
            ("Messages", words::count(counts.messages)),
            ("Files", words::count(counts.uploaded_files)),
            ("Documents", words::count(counts.generated_documents)),
        ];
        if !counts.id.is_empty() {
            holdings.push(("Memories", words::count(counts.workspace_memories)));
        }
        WorkspaceView {
            name: counts.name.clone().unwrap_or_else(|| unnamed.to_owned()),
            id: counts.id.clone(),
            shared: counts.shared,
            holdings,
        }
    }
}
