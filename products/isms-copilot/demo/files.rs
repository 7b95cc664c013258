//! Uploaded files and generated documents: their rows, and their bytes in the store.

use anyhow::Result;

use super::book::{Book, Cell, cell, maybe, sha256, text};
use super::contents::contents;
use super::moment::Moment;
use super::owners::Whose;
use super::random::{Random, id_of};
use super::story::{Document, Person, Story, Upload};

/// Where a file or document belongs.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// Whose it is.
    pub person: &'a Person,
    /// Id of the workspace.
    pub workspace_id: Option<String>,
    /// Id of the thread.
    pub thread_id: Option<&'a str>,
    /// Id of the message.
    pub message_id: Option<&'a str>,
    /// When it was made.
    pub at: Moment,
    /// When it was deleted.
    pub deleted_at: Option<Moment>,
    /// Everybody who sees it in the product.
    pub viewers: &'a [String],
}

/// The id of an uploaded file.
pub fn upload_id(key: &str) -> String {
    id_of(&format!("upload/{key}"))
}

/// The id of a generated document.
pub fn document_id(key: &str) -> String {
    id_of(&format!("document/{key}"))
}

/// Inserts an uploaded file and stores its bytes.
pub fn insert_upload(book: &mut Book, upload: &Upload, place: &Place<'_>) -> Result<()> {
    let id = upload_id(&upload.key);
    let bytes = contents(&upload.bytes)?;
    let read = contents(upload.text.as_deref().unwrap_or(&upload.bytes))?;
    let key = format!("uploads/{}/{id}/{}", place.person.id(), upload.name);
    let expires_at = place
        .person
        .retention_days
        .map(|days| place.at.plus_days(days));
    let mut row = place_cells(&id, place);
    row.extend(content_cells(&upload.name, &upload.media_type, bytes)?);
    row.extend([
        text(
            "extension",
            upload.name.rsplit('.').next().unwrap_or_default(),
        ),
        text("status", "available"),
        text("extracted_text", String::from_utf8(read.to_vec())?),
        text("storage_key", &key),
        text("scan", scan(place.at, &id)),
        maybe("expires_at", expires_at),
    ]);
    book.store(&key, bytes)?;
    book.insert(
        "uploaded_files",
        &row,
        &Whose::seen_by(&place.person.email, place.viewers),
    )
}

/// What the virus scan left beside a file.
pub fn scan(at: Moment, label: &str) -> String {
    let scanned_at = at.plus_millis(840);
    let signature = Random::seeded(label).hex(16);
    format!(
        r#"{{"verdict":"clean","scanned_at":"{scanned_at}","engine":"scanner 4.2","signature":"{signature}"}}"#
    )
}

/// Inserts a generated document; the bytes of one that is no text are stored.
pub fn insert_document(book: &mut Book, document: &Document, place: &Place<'_>) -> Result<()> {
    let id = document_id(&document.key);
    let bytes = contents(&document.bytes)?;
    let is_text = document.format == "md";
    let key = (!is_text).then(|| format!("documents/{}/{id}/{}", place.person.id(), document.name));
    let mut row = place_cells(&id, place);
    row.extend(content_cells(&document.name, &document.media_type, bytes)?);
    row.extend([
        text("title", &document.title),
        text("format", &document.format),
        cell("version", document.version),
        maybe(
            "previous_version_id",
            document.previous.as_deref().map(document_id),
        ),
        maybe("content", is_text.then(|| String::from_utf8_lossy(bytes))),
        maybe("storage_key", key.as_ref()),
        text(
            "generation_prompt",
            format!("House template for {}.", document.format),
        ),
        text("updated_at", place.at.plus_millis(1200)),
    ]);
    if let Some(key) = key {
        book.store(&key, bytes)?;
    }
    book.tally(&place.person.email).documents_generated += 1;
    book.insert(
        "generated_documents",
        &row,
        &Whose::seen_by(&place.person.email, place.viewers),
    )
}

/// The columns that say whose it is and where it belongs.
fn place_cells(id: &str, place: &Place<'_>) -> Vec<Cell<'static>> {
    vec![
        text("id", id),
        text("user_id", place.person.id()),
        maybe("workspace_id", place.workspace_id.as_ref()),
        maybe("thread_id", place.thread_id),
        maybe("message_id", place.message_id),
        text("created_at", place.at),
        maybe("deleted_at", place.deleted_at),
    ]
}

/// The columns that say what it is.
pub fn content_cells(name: &str, media_type: &str, bytes: &[u8]) -> Result<[Cell<'static>; 4]> {
    Ok([
        text("name", name),
        text("media_type", media_type),
        cell("size_bytes", i64::try_from(bytes.len())?),
        text("sha256", sha256(bytes)),
    ])
}

/// Inserts the files that were uploaded and never sent.
pub fn insert_unsent(book: &mut Book, story: &Story) -> Result<()> {
    for upload in story.uploads.values() {
        let Some(unsent) = &upload.unsent else {
            continue;
        };
        let workspace = story.workspace(&unsent.workspace)?;
        let place = Place {
            person: story.person(&unsent.by)?,
            workspace_id: Some(workspace.id()),
            thread_id: None,
            message_id: None,
            at: unsent.at,
            deleted_at: None,
            viewers: &super::workspaces::viewers(story, workspace)?,
        };
        insert_upload(book, upload, &place)?;
    }
    Ok(())
}
