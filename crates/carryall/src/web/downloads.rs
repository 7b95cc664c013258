//! The download of a finished export: its owner's, whole, resumable, in constant memory.

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use axum::routing::get;
use carryall_format::original::Original;
use tokio::runtime::Handle;

use super::Web;
use super::confirm;
use super::errors::PageError;
use super::parts::{Sent, part_of, set};
use super::ranges::{Part, requested};
use super::sessions::Person;
use crate::ledger::{Artifact, Caller, ExportId, SubjectKey};

pub fn router() -> Router<Arc<Web>> {
    Router::new().route("/exports/{id}/download", get(download))
}

async fn download(
    State(web): State<Arc<Web>>,
    person: Person,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, PageError> {
    let id: ExportId = id.parse().map_err(|_| PageError::NotFound)?;
    let session = &person.session;
    if !session.is_proved(web.exports.clock.now()) {
        // A browser that resumes would take a page for the rest of its file.
        if headers.contains_key(header::RANGE) {
            return Err(PageError::ConfirmFirst);
        }
        return Ok(confirm::before_download(id));
    }
    let (key, by) = (&session.subject_key, &session.caller);
    send(&web, key, by, id, &method, &headers).await
}

/// Sends the file, or the part of it that was asked for, to somebody who has proved who they are.
pub async fn send(
    web: &Arc<Web>,
    key: &SubjectKey,
    by: &Caller,
    id: ExportId,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, PageError> {
    let exports = &web.exports;
    let Some((artifact, original)) = exports.open(key, id).await? else {
        return web.deny(key, by, id).await;
    };
    let part = requested(range(headers, &artifact), artifact.size_bytes);
    if let Some(bytes) = bytes_of(part, artifact.size_bytes).filter(|_| method == Method::GET) {
        let now = exports.clock.now();
        let ledger = &exports.ledger;
        if !ledger.begin_download(key, id, bytes, by, now).await? {
            return web.deny(key, by, id).await;
        }
        tracing::info!(export = %id, size_bytes = artifact.size_bytes, "download begins");
    }
    let going = Going {
        key: key.clone(),
        export: id,
        artifact,
        original,
    };
    Ok(sent(web, going, part))
}

/// A file on its way.
pub struct Going {
    /// Whose.
    pub key: SubjectKey,
    /// Of which export.
    pub export: ExportId,
    /// What is known of it.
    pub artifact: Artifact,
    /// Its bytes.
    pub original: Original,
}

/// The answer with a part of it. One that turns out to be damaged ends its export.
pub fn sent(web: &Arc<Web>, going: Going, part: Part) -> Response {
    let Going {
        key,
        export: id,
        artifact,
        original,
    } = going;
    let (ending, artifact_key) = (Arc::clone(web), artifact.key.clone());
    let failed = move |error: &io::Error| {
        // A thread that may block; without the word in the ledger the next download finds it again.
        let ended = ending.exports.end_damaged(&key, id, &artifact_key, error);
        if let Err(error) = Handle::current().block_on(ended) {
            tracing::error!(export = %id, error = %error, "cannot note a damaged artifact");
        }
    };
    answer(&artifact, original, part, failed)
}

/// The first and the last byte that are sent, if any.
pub fn bytes_of(part: Part, size_bytes: u64) -> Option<(u64, u64)> {
    match part {
        Part::Whole => Some((0, size_bytes.saturating_sub(1))),
        Part::Bytes { first, last } => Some((first, last)),
        Part::Unsatisfiable => None,
    }
}

/// The range to send; none when the file is not the one that the browser began with.
pub fn range<'h>(headers: &'h HeaderMap, artifact: &Artifact) -> Option<&'h str> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == entity_tag(artifact));
    text(header::RANGE).filter(|_| is_same)
}

fn answer(
    artifact: &Artifact,
    original: Original,
    part: Part,
    failed: impl FnOnce(&io::Error) + Send + 'static,
) -> Response {
    let sent = Sent {
        original,
        size_bytes: artifact.size_bytes,
        content_type: if artifact.is_protected() {
            "application/octet-stream"
        } else {
            "application/json"
        },
    };
    let mut response = part_of(&sent, part, failed);
    set(&mut response, header::ETAG, &entity_tag(artifact));
    // The name has no character that needs quoting: its prefix is [a-z0-9-] and its rest a date.
    set(
        &mut response,
        header::CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{}\"", artifact.file_name),
    );
    response
}

/// Strong: the same tag means the same bytes.
fn entity_tag(artifact: &Artifact) -> String {
    format!("\"{}\"", artifact.sha256)
}
