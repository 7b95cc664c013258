//! The peer that a Rust program with sqlx is, on PostgreSQL: typed rows, streamed, into `serde_json`.

use std::io::{BufWriter, Write, stdout};

use carryall_benches::{message_columns, messages_by_thread_sql};
use chrono::{DateTime, Utc};
use clap::Parser;
use futures_util::TryStreamExt;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

#[derive(Debug, Parser)]
struct Arguments {
    /// The server.
    address: String,
    /// The person's key.
    subject: Uuid,
}

/// A message, typed as a program that uses sqlx would type it; JSON stays as it came.
#[derive(Debug, Serialize, sqlx::FromRow)]
struct Message {
    id: Uuid,
    thread_id: Uuid,
    parent_id: Option<Uuid>,
    role: String,
    author_user_id: Option<Uuid>,
    content: String,
    content_parts: Option<Json<Box<RawValue>>>,
    file_ids: Json<Box<RawValue>>,
    generated_document_ids: Json<Box<RawValue>>,
    sources: Option<Json<Box<RawValue>>>,
    persona: Option<String>,
    provider: Option<String>,
    model: Option<String>,
    advanced_data_protection: bool,
    credits_used: f64,
    moderation_outcome: Option<String>,
    moderated_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    deleted_at: Option<DateTime<Utc>>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut database = PgConnection::connect(&arguments.address).await?;
    let mut out = BufWriter::with_capacity(1 << 20, stdout().lock());
    let sql = messages_by_thread_sql(&message_columns(), "$1");
    let mut messages = sqlx::query_as::<_, Message>(AssertSqlSafe(sql))
        .bind(arguments.subject)
        .fetch(&mut database);
    while let Some(message) = messages.try_next().await? {
        serde_json::to_writer(&mut out, &message)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
