//! What happened with a person's data, for the person: the audit log as the page shows it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::credential::Account;
use super::exports::json;
use super::problem::Problem;
use crate::web::Web;
use crate::web::event_views::EventView;

/// No list is longer.
const LISTED: u32 = 100;

/// Events, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventList {
    /// At most a hundred.
    events: Vec<OwnEvent>,
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnEvent {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What, in one word.
    event: String,
    /// How it ended, in one word.
    outcome: String,
    /// The export that it is about.
    #[schema(value_type = Option<uuid::Uuid>)]
    export_id: Option<String>,
    /// The same for people.
    text: String,
    /// From where, as far as a person recognises a place by it.
    from: Option<String>,
}

/// Own events
#[utoipa::path(
    get,
    path = "/api/v1/events",
    responses((status = 200, description = "The newest first", body = EventList))
)]
pub async fn list_events(
    State(web): State<Arc<Web>>,
    Account(person): Account,
) -> Result<Response, Problem> {
    let ledger = &web.exports.ledger;
    let entries = ledger.events_of(&person.subject_key, LISTED).await?;
    let own_session = person.caller.session_id.unwrap_or_default();
    let events = entries.into_iter().filter_map(|entry| {
        let view = EventView::of(&entry, &own_session)?;
        Some(OwnEvent {
            at: view.at.to_string(),
            event: entry.event,
            outcome: entry.outcome,
            export_id: entry.export_id,
            text: view.what,
            from: view.from,
        })
    });
    let list = EventList {
        events: events.collect(),
    };
    Ok(json(StatusCode::OK, &list))
}
