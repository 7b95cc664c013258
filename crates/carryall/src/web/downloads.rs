//! The download of a finished export: its owner's, whole, resumable, in constant memory.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::Web;
use super::confirm;
use super::errors::PageError;
use super::ranges::{Part, requested};
use super::sessions::Person;
use crate::ledger::{Artifact, ExportId};

/// How much of the file is in memory at a time.
const CHUNK_BYTES: usize = 256 * 1024;

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
    let (exports, session) = (&web.exports, &person.session);
    let now = exports.clock.now();
    if !session.is_proved(now) {
        // A browser that resumes would take a page for the rest of its file.
        if headers.contains_key(header::RANGE) {
            return Err(PageError::ConfirmFirst);
        }
        return Ok(confirm::before_download(id));
    }
    let key = &session.subject_key;
    let Some((artifact, file)) = exports.open(key, id).await? else {
        return web.deny(session, id).await;
    };
    let part = requested(range(&headers, &artifact), artifact.size_bytes);
    if let Some(bytes) = bytes_of(part, artifact.size_bytes).filter(|_| method == Method::GET) {
        let by = &session.caller;
        let is_theirs = exports
            .ledger
            .begin_download(key, id, bytes, by, now)
            .await?;
        if !is_theirs {
            return web.deny(session, id).await;
        }
        tracing::info!(export = %id, size_bytes = artifact.size_bytes, "download begins");
    }
    answer(&artifact, file, part).map_err(PageError::Artifacts)
}

/// The first and the last byte that are sent, if any.
fn bytes_of(part: Part, size_bytes: u64) -> Option<(u64, u64)> {
    match part {
        Part::Whole => Some((0, size_bytes.saturating_sub(1))),
        Part::Bytes { first, last } => Some((first, last)),
        Part::Unsatisfiable => None,
    }
}

/// The range to send; none when the file is not the one that the browser began with.
fn range<'h>(headers: &'h HeaderMap, artifact: &Artifact) -> Option<&'h str> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let is_same = text(header::IF_RANGE).is_none_or(|tag| tag == entity_tag(artifact));
    text(header::RANGE).filter(|_| is_same)
}

fn answer(artifact: &Artifact, file: File, part: Part) -> std::io::Result<Response> {
    let mut response = part_of(file, artifact.size_bytes, part)?;
    set(&mut response, header::ETAG, &entity_tag(artifact));
    // The name has no character that needs quoting: its prefix is [a-z0-9-] and its rest a date.
    set(
        &mut response,
        header::CONTENT_DISPOSITION,
        &format!("attachment; filename=\"{}\"", artifact.file_name),
    );
    Ok(response)
}

/// A part of a JSON file of this size, in constant memory.
pub fn part_of(mut file: File, size: u64, part: Part) -> std::io::Result<Response> {
    let (status, first, length) = match part {
        Part::Whole => (StatusCode::OK, 0, size),
        Part::Bytes { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    file.seek(SeekFrom::Start(first))?;
    let rest = tokio::fs::File::from_std(file).take(length);
    let mut response = Response::new(Body::from_stream(ReaderStream::with_capacity(
        rest,
        CHUNK_BYTES,
    )));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "application/json");
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    let range = match part {
        Part::Whole => return Ok(response),
        Part::Bytes { first, last } => format!("bytes {first}-{last}/{size}"),
        Part::Unsatisfiable => format!("bytes */{size}"),
    };
    set(&mut response, header::CONTENT_RANGE, &range);
    Ok(response)
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Strong: the same tag means the same bytes.
fn entity_tag(artifact: &Artifact) -> String {
    format!("\"{}\"", artifact.sha256)
}
