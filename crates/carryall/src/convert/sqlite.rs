//! One table a section: texts, numbers and truth values as they are, everything else as JSON.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::read::Part;
use carryall_format::section::{Kind, Section};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::Value;

use super::fields::text_or_empty;
use super::{Index, Item, Losses, Needs, Record, Target};

pub struct Sqlite {
    database: Connection,
}

/// The table of a section's parts of files, whose bytes are no text any more.
const CONTENTS: &str = "file_contents";

impl Sqlite {
    pub fn new(path: &Path) -> anyhow::Result<Sqlite> {
        let database = Connection::open(path)?;
        // It has its name only when it is whole, so nothing needs to be taken back.
        database.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off; BEGIN")?;
        for section in Section::ALL {
            let columns: Vec<_> = columns(section)
                .iter()
                .map(|(name, kind)| format!("\"{name}\" {kind}"))
                .collect();
            let sql = format!("CREATE TABLE {} ({})", section.name(), columns.join(", "));
            database.execute_batch(&sql)?;
        }
        database.execute_batch(
            "CREATE TABLE gaps (code TEXT, section TEXT, id TEXT, field TEXT, reason TEXT);
             CREATE TABLE about (part TEXT PRIMARY KEY, json TEXT)",
        )?;
        Ok(Sqlite { database })
    }

    fn insert(&self, table: &str, cells: Vec<(&str, Cell)>) -> anyhow::Result<()> {
        let names: Vec<_> = cells
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let marks = vec!["?"; cells.len()].join(",");
        let sql = format!("INSERT INTO {table} ({}) VALUES ({marks})", names.join(","));
        let cells = cells.into_iter().map(|(_, cell)| cell);
        self.database
            .prepare_cached(&sql)?
            .execute(params_from_iter(cells))?;
        Ok(())
    }
}

impl Target for Sqlite {
    fn needs(&self) -> Needs {
        Needs::Records
    }

    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        let record = item.record()?;
        match item.part {
            Part::Section(section) => {
                self.insert(section.name(), cells(section.name(), &record)?)?;
                losses.wrote(section);
                Ok(())
            }
            Part::Gaps => self.insert("gaps", cells("gaps", &record)?),
            part => {
                let json = Value::Object(record).to_string();
                self.insert(
                    "about",
                    vec![
                        ("part", Cell::Text(part.name().to_owned())),
                        ("json", Cell::Text(json)),
                    ],
                )
            }
        }
    }

    fn finish(&mut self, _index: &Index, _losses: &mut Losses) -> anyhow::Result<()> {
        self.database.execute_batch(
            "CREATE INDEX messages_of_thread ON messages (thread_id);
             CREATE INDEX threads_of_workspace ON threads (workspace_id);
             COMMIT",
        )?;
        Ok(())
    }
}

fn columns(section: Section) -> Vec<(&'static str, &'static str)> {
    let kind = |kind| match kind {
        Kind::Boolean | Kind::Integer => "INTEGER",
        Kind::Number => "REAL",
        _ => "TEXT",
    };
    let mut columns: Vec<_> = section
        .fields()
        .iter()
        .map(|field| match field.name {
            "base64" => ("bytes", "BLOB"),
            name => (name, kind(field.kind)),
        })
        .collect();
    columns.push(("extra", "TEXT"));
    columns
}

fn cells<'r>(table: &str, record: &'r Record) -> anyhow::Result<Vec<(&'r str, Cell)>> {
    if table == CONTENTS {
        let bytes = STANDARD.decode(text_or_empty(record, "base64"))?;
        let others = record.iter().filter(|(name, _)| *name != "base64");
        let others = others.map(|(name, value)| (name.as_str(), cell(value)));
        return Ok(others.chain([("bytes", Cell::Blob(bytes))]).collect());
    }
    Ok(record
        .iter()
        .map(|(name, value)| (name.as_str(), cell(value)))
        .collect())
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(truth) => Cell::Integer((*truth).into()),
        Value::String(text) => Cell::Text(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Cell::Integer(integer),
            (None, Some(real)) => Cell::Real(real),
            (None, None) => Cell::Text(number.to_string()),
        },
        Value::Array(_) | Value::Object(_) => Cell::Text(value.to_string()),
    }
}
