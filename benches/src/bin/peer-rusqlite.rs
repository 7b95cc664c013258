//! The peer that a Rust program with rusqlite is: typed rows, one at a time, into `serde_json`.

use std::io::{BufWriter, Write, stdout};

use carryall_benches::{
    FILES_SQL, FileLine, Message, PeerArguments, message_columns, messages_sql,
};
use clap::Parser;
use rusqlite::{Connection, OpenFlags, Row};

fn main() -> anyhow::Result<()> {
    let arguments = PeerArguments::parse();
    let database =
        Connection::open_with_flags(&arguments.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut out = BufWriter::with_capacity(1 << 20, stdout().lock());

    let mut statement = database.prepare(&messages_sql(&message_columns()))?;
    for message in statement.query_map([&arguments.subject], message)? {
        serde_json::to_writer(&mut out, &message?)?;
        out.write_all(b"\n")?;
    }
    if let Some(files) = &arguments.files {
        let mut statement = database.prepare(FILES_SQL)?;
        let mut rows = statement.query([&arguments.subject])?;
        while let Some(row) = rows.next()? {
            let key: String = row.get(2)?;
            let line = FileLine::read(files, row.get(0)?, row.get(1)?, &key)?;
            serde_json::to_writer(&mut out, &line)?;
            out.write_all(b"\n")?;
        }
    }
    out.flush()?;
    Ok(())
}

fn message(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(Message {
        id: row.get(0)?,
        thread_id: row.get(1)?,
        parent_id: row.get(2)?,
        role: row.get(3)?,
        author_user_id: row.get(4)?,
        content: row.get(5)?,
        content_parts: row.get(6)?,
        file_ids: row.get(7)?,
        generated_document_ids: row.get(8)?,
        sources: row.get(9)?,
        persona: row.get(10)?,
        provider: row.get(11)?,
        model: row.get(12)?,
        advanced_data_protection: row.get(13)?,
        credits_used: row.get(14)?,
        moderation_outcome: row.get(15)?,
        moderated_at: row.get(16)?,
        created_at: row.get(17)?,
        deleted_at: row.get(18)?,
    })
}
