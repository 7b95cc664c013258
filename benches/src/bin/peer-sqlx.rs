//! The peer that a Rust program with sqlx is: typed rows, streamed, into `serde_json`.

use std::io::{BufWriter, Write, stdout};

use carryall_benches::{
    FILES_SQL, FileLine, Message, PeerArguments, message_columns, messages_sql,
};
use clap::Parser;
use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = PeerArguments::parse();
    let mut options = SqliteConnectOptions::new()
        .filename(&arguments.database)
        .read_only(true);
    if let Some(rows) = arguments.row_buffer {
        options = options.row_buffer_size(rows);
    }
    let mut database = options.connect().await?;
    let mut out = BufWriter::with_capacity(1 << 20, stdout().lock());

    let sql = messages_sql(&message_columns());
    let mut messages = sqlx::query_as::<_, Message>(AssertSqlSafe(sql))
        .bind(&arguments.subject)
        .fetch(&mut database);
    while let Some(message) = messages.try_next().await? {
        serde_json::to_writer(&mut out, &message)?;
        out.write_all(b"\n")?;
    }
    drop(messages);
    if let Some(files) = &arguments.files {
        let mut rows = sqlx::query(FILES_SQL)
            .bind(&arguments.subject)
            .fetch(&mut database);
        while let Some(row) = rows.try_next().await? {
            let key: String = row.get(2);
            let line = FileLine::read(files, row.get(0), row.get(1), &key)?;
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}
