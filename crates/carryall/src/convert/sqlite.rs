//! One table a section: texts, numbers and truth values as they are, everything else as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::section::{Kind, Section};
use rusqlite::types::{Null, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, params};

use super::fields::{Raw, string};
use super::{Index, Item, Losses, Record, Target};

pub struct Sqlite {
    database: Connection,
    /// By the name of the part.
    tables: BTreeMap<&'static str, Table>,
}

/// Fields of the format in order, each with its column and the type of that.
struct Table {
    columns: Vec<(&'static str, &'static str, &'static str)>,
    insert: String,
}

impl Sqlite {
    pub fn new(path: &Path) -> anyhow::Result<Sqlite> {
        let database = Connection::open(path)?;
        // It has its name only when it is whole, so nothing needs to be taken back.
        database.execute_batch("PRAGMA journal_mode = off; PRAGMA synchronous = off; BEGIN")?;
        let gaps = ["code", "section", "id", "field", "reason"];
        let gaps = gaps.map(|name| (name, name, "TEXT")).to_vec();
        let sections = Section::ALL.into_iter();
        let sections = sections.map(|section| (section.name(), columns(section)));
        let mut tables = BTreeMap::new();
        for (name, columns) in sections.chain([("gaps", gaps)]) {
            let list = |of: fn(&(&str, &str, &str)) -> String| {
                columns.iter().map(of).collect::<Vec<_>>().join(",")
            };
            let declared = list(|(_, name, kind)| format!("\"{name}\" {kind}"));
            database.execute_batch(&format!("CREATE TABLE {name} ({declared})"))?;
            let marks = list(|_| "?".to_owned());
            let insert = format!("INSERT INTO {name} VALUES ({marks})");
            tables.insert(name, Table { columns, insert });
        }
        database.execute_batch("CREATE TABLE about (part TEXT PRIMARY KEY, json TEXT)")?;
        Ok(Sqlite { database, tables })
    }
}

impl Table {
    fn insert(&self, database: &Connection, record: &Record<'_>) -> anyhow::Result<()> {
        let mut statement = database.prepare_cached(&self.insert)?;
        // Fields come in the order of the columns, unless another program has changed that.
        let mut rest = record.iter().peekable();
        let mut written = 0;
        for (place, (field, column, _)) in self.columns.iter().enumerate() {
            let value = match rest.next_if(|(name, _)| name == field) {
                Some((_, value)) => Some(value),
                None => record.raw(field),
            };
            written += usize::from(value.is_some());
            let cell = match value {
                Some(value) if field != column => Cell::Bytes(decoded(value)?),
                Some(value) => cell(value),
                None => Cell::None,
            };
            statement.raw_bind_parameter(place + 1, cell)?;
        }
        anyhow::ensure!(
            written == record.iter().len(),
            "the export has a field that this version of Carryall does not know: {:?}",
            record
                .iter()
                .find(|(name, _)| !self.columns.iter().any(|(field, ..)| field == name))
        );
        statement.raw_execute()?;
        Ok(())
    }
}

impl Target for Sqlite {
    fn needs_index(&self) -> bool {
        false
    }

    fn take(&mut self, item: &Item<'_>, _index: &Index, losses: &mut Losses) -> anyhow::Result<()> {
        if let Some(table) = self.tables.get(item.part.name()) {
            table.insert(&self.database, &item.record()?)?;
        } else {
            let json = str::from_utf8(item.text)?;
            let insert = "INSERT INTO about VALUES (?, ?)";
            self.database
                .execute(insert, params![item.part.name(), json])?;
        }
        if let Some(section) = item.section() {
            losses.wrote(section);
        }
        Ok(())
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

fn columns(section: Section) -> Vec<(&'static str, &'static str, &'static str)> {
    let kind = |kind| match kind {
        Kind::Boolean | Kind::Integer => "INTEGER",
        Kind::Number => "REAL",
        _ => "TEXT",
    };
    let mut columns: Vec<_> = section
        .fields()
        .iter()
        .map(|field| match field.name {
            "base64" => ("base64", "bytes", "BLOB"),
            name => (name, name, kind(field.kind)),
        })
        .collect();
    columns.push(("extra", "extra", "TEXT"));
    columns
}

/// What is bound to a statement.
enum Cell<'a> {
    None,
    Integer(i64),
    Real(f64),
    Text(Cow<'a, str>),
    Bytes(Vec<u8>),
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::None => ToSqlOutput::from(Null),
            Cell::Integer(integer) => ToSqlOutput::Owned(Value::Integer(*integer)),
            Cell::Real(real) => ToSqlOutput::Owned(Value::Real(*real)),
            Cell::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Cell::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

fn cell(value: Raw<'_>) -> Cell<'_> {
    let spelled = value.get();
    match spelled {
        "null" => Cell::None,
        "true" => Cell::Integer(1),
        "false" => Cell::Integer(0),
        _ if spelled.starts_with('"') => Cell::Text(string(value).unwrap_or_default()),
        _ if spelled.starts_with(['[', '{']) => Cell::Text(spelled.into()),
        _ => match (spelled.parse(), spelled.parse()) {
            (Ok(integer), _) => Cell::Integer(integer),
            (_, Ok(real)) => Cell::Real(real),
            _ => Cell::Text(spelled.into()),
        },
    }
}

fn decoded(value: Raw<'_>) -> anyhow::Result<Vec<u8>> {
    Ok(STANDARD.decode(string(value).unwrap_or_default().as_bytes())?)
}
