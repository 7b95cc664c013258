//! What the peers read and write: the same rows and files as an export, and nothing that is harder.
//!
//! Every peer writes one JSON object a line for each message of one person, in the order of an
//! export, and with files one line for each. JSON columns are written as strings, not parsed and not
//! filtered, and no peer computes a digest: both make a peer faster than an export may be.

use std::path::Path;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// The columns of `messages` that the data map exports in full.
pub const MESSAGE_COLUMNS: [&str; 19] = [
    "id",
    "thread_id",
    "parent_id",
    "role",
    "author_user_id",
    "content",
    "content_parts",
    "file_ids",
    "generated_document_ids",
    "sources",
    "persona",
    "provider",
    "model",
    "advanced_data_protection",
    "credits_used",
    "moderation_outcome",
    "moderated_at",
    "created_at",
    "deleted_at",
];

/// A message, typed as a program that uses sqlx or rusqlite would type it.
#[derive(Debug, Serialize, sqlx::FromRow)]
#[expect(missing_docs, reason = "the columns of the product's schema")]
pub struct Message {
    pub id: String,
    pub thread_id: String,
    pub parent_id: Option<String>,
    pub role: String,
    pub author_user_id: Option<String>,
    pub content: String,
    pub content_parts: Option<String>,
    pub file_ids: String,
    pub generated_document_ids: String,
    pub sources: Option<String>,
    pub persona: Option<String>,
    pub provider: Option<String>,
    pub model: Option<String>,
    pub advanced_data_protection: bool,
    pub credits_used: f64,
    pub moderation_outcome: Option<String>,
    pub moderated_at: Option<String>,
    pub created_at: String,
    pub deleted_at: Option<String>,
}

/// A file with its bytes.
#[derive(Debug, Serialize)]
pub struct FileLine {
    id: String,
    name: String,
    base64: String,
}

impl FileLine {
    /// Reads the file and encodes it.
    pub fn read(files: &Path, id: String, name: String, key: &str) -> anyhow::Result<Self> {
        let bytes = std::fs::read(files.join(key)).with_context(|| format!("read {key}"))?;
        Ok(FileLine {
            id,
            name,
            base64: STANDARD.encode(bytes),
        })
    }
}

/// `?1` is the person. Thread by thread through the product's indexes, without a sort.
pub fn messages_sql(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM threads AS t CROSS JOIN messages AS m ON m.thread_id = t.id \
         WHERE t.user_id = ?1"
    )
}

/// The same on PostgreSQL, in the order of an export, which the indexes give: nothing is sorted but the threads.
pub fn messages_by_thread_sql(columns: &str, subject: &str) -> String {
    format!(
        "SELECT {columns} FROM \
         (SELECT id FROM threads WHERE user_id = {subject} ORDER BY created_at, id) AS t \
         CROSS JOIN LATERAL \
         (SELECT * FROM messages WHERE thread_id = t.id ORDER BY created_at, id) AS m"
    )
}

/// The columns, as a list for SELECT.
pub fn message_columns() -> String {
    MESSAGE_COLUMNS
        .map(|column| format!("m.{column}"))
        .join(", ")
}

/// `?1` is the person.
pub const FILES_SQL: &str = "
    SELECT id, name, storage_key FROM uploaded_files WHERE user_id = ?1
    UNION ALL
    SELECT id, name, storage_key FROM generated_documents
    WHERE user_id = ?1 AND storage_key IS NOT NULL";

/// The arguments of a peer.
#[derive(Debug, clap::Parser)]
pub struct PeerArguments {
    /// The database.
    pub database: std::path::PathBuf,
    /// The person's key.
    pub subject: String,
    /// The folder of files; without it they are left out.
    #[arg(long)]
    pub files: Option<std::path::PathBuf>,
    /// Rows that sqlx keeps between its threads, instead of its default of 50.
    #[arg(long)]
    pub row_buffer: Option<usize>,
}
