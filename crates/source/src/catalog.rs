//! What exists in a database: the ground truth of the completeness gate.
//!
//! Promises: everything that can hold a value is listed, also what cannot be read. SQLite's own
//! tables (`sqlite_…`) and the temporary schema are left out.

mod postgres;

use crate::error::SourceError;
use crate::plan::Dialect;
use crate::snapshot::{Row, Snapshot, Statement};
use crate::value::Value;

/// All tables and views, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalog {
    /// The SQL that the database speaks.
    pub dialect: Dialect,
    /// In the order of their names.
    pub tables: Vec<Table>,
}

impl Catalog {
    /// The table or view of this name; SQLite's names have no case.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.name.eq_ignore_ascii_case(name))
    }
}

/// A relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// As the schema spells it.
    pub name: String,
    /// Which sort.
    pub kind: TableKind,
    /// In order; empty when they cannot be read.
    pub columns: Vec<Column>,
    /// Without those that a primary key on a rowid makes needless; see [`Table::finds_by`].
    pub indexes: Vec<Index>,
    /// Whether it has no rowid.
    pub without_rowid: bool,
    /// Why its columns cannot be read: a view on a dropped table, a virtual table of an extension.
    pub unreadable: Option<String>,
}

impl Table {
    /// The column of this name; SQLite's names have no case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// Whether a row is found by this column without looking at all of them.
    pub fn finds_by(&self, column: &str) -> bool {
        self.is_rowid(column)
            || self.indexes.iter().any(|index| {
                let first = index.columns.first().and_then(Option::as_deref);
                !index.partial && first.is_some_and(|first| first.eq_ignore_ascii_case(column))
            })
    }

    /// Whether the column is the rowid under another name.
    pub fn is_rowid(&self, column: &str) -> bool {
        let mut keys = self
            .columns
            .iter()
            .filter(|column| column.primary_key.is_some());
        let (Some(key), None) = (keys.next(), keys.next()) else {
            return false;
        };
        self.kind == TableKind::Table
            && !self.without_rowid
            && key.declared_type.eq_ignore_ascii_case("integer")
            && key.name.eq_ignore_ascii_case(column)
    }
}

/// The sorts of relations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// An ordinary one.
    Table,
    /// A stored SELECT.
    View,
    /// What a module such as FTS5 shows.
    Virtual,
    /// Where such a module keeps its rows; they repeat what the virtual table shows.
    Shadow,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As the schema spells it.
    pub name: String,
    /// As the schema spells it; may be empty.
    pub declared_type: String,
    /// Computed from other columns.
    pub generated: bool,
    /// Not part of `SELECT *`: a virtual table's argument or rank.
    pub hidden: bool,
    /// May not be null.
    pub not_null: bool,
    /// Place in the primary key, from 1.
    pub primary_key: Option<u32>,
}

/// One index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name; SQLite names those that a constraint makes.
    pub name: String,
    /// In order; `None` is an expression or the rowid.
    pub columns: Vec<Option<String>>,
    /// Whether two rows may not agree.
    pub unique: bool,
    /// Whether it has a WHERE and so leaves rows out.
    pub partial: bool,
}

impl Snapshot {
    /// Reads what exists.
    pub fn catalog(&self) -> Result<Catalog, SourceError> {
        if let Some((_, schemas)) = self.postgres() {
            return postgres::read(self, schemas);
        }
        let mut tables = Vec::new();
        self.prepare_for("list the tables", TABLES)?
            .for_each(&[], |row| {
                tables.push(table(row));
                Ok::<(), SourceError>(())
            })?;
        let mut columns = self.prepare_for("list the columns", COLUMNS)?;
        let mut indexes = self.prepare_for("list the indexes", INDEXES)?;
        let mut parts = self.prepare_for("list the columns of an index", INDEX_COLUMNS)?;
        for table in &mut tables {
            match read_columns(&mut columns, &table.name) {
                Ok(columns) => table.columns = columns,
                Err(SourceError::Interrupted { purpose }) => {
                    return Err(SourceError::Interrupted { purpose });
                }
                Err(error) => table.unreadable = Some(error.to_string()),
            }
            table.indexes = read_indexes(&mut indexes, &mut parts, &table.name)?;
        }
        Ok(Catalog {
            dialect: Dialect::Sqlite,
            tables,
        })
    }
}

const TABLES: &str = "
    SELECT name, type, wr FROM pragma_table_list
    WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
    ORDER BY name";
const COLUMNS: &str =
    "SELECT name, type, hidden, \"notnull\", pk FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
const INDEXES: &str =
    "SELECT name, \"unique\", partial FROM pragma_index_list(?1, 'main') ORDER BY name";
const INDEX_COLUMNS: &str = "SELECT name FROM pragma_index_info(?1, 'main') ORDER BY seqno";

fn table(row: &Row<'_>) -> Table {
    Table {
        name: text(row.value(0)),
        kind: match row.value(1).bytes() {
            Some(b"view") => TableKind::View,
            Some(b"virtual") => TableKind::Virtual,
            Some(b"shadow") => TableKind::Shadow,
            _ => TableKind::Table,
        },
        columns: Vec::new(),
        indexes: Vec::new(),
        without_rowid: integer(row.value(2)) != 0,
        unreadable: None,
    }
}

fn read_columns(statement: &mut Statement<'_>, table: &str) -> Result<Vec<Column>, SourceError> {
    let mut columns = Vec::new();
    statement.for_each(&[table.into()], |row| {
        // 1: hidden; 2 and 3: generated, virtual and stored.
        let hidden = integer(row.value(2));
        columns.push(Column {
            name: text(row.value(0)),
            declared_type: text(row.value(1)),
            generated: hidden >= 2,
            hidden: hidden == 1,
            not_null: integer(row.value(3)) != 0,
            primary_key: u32::try_from(integer(row.value(4)))
                .ok()
                .filter(|place| *place > 0),
        });
        Ok::<(), SourceError>(())
    })?;
    Ok(columns)
}

fn read_indexes(
    statement: &mut Statement<'_>,
    parts: &mut Statement<'_>,
    table: &str,
) -> Result<Vec<Index>, SourceError> {
    let mut indexes = Vec::new();
    statement.for_each(&[table.into()], |row| {
        indexes.push(Index {
            name: text(row.value(0)),
            columns: Vec::new(),
            unique: integer(row.value(1)) != 0,
            partial: integer(row.value(2)) != 0,
        });
        Ok::<(), SourceError>(())
    })?;
    for index in &mut indexes {
        parts.for_each(&[index.name.as_str().into()], |row| {
            let column = row.value(0);
            index
                .columns
                .push((!column.is_null()).then(|| text(column)));
            Ok::<(), SourceError>(())
        })?;
    }
    Ok(indexes)
}

fn text(value: Value<'_>) -> String {
    String::from_utf8_lossy(value.bytes().unwrap_or_default()).into_owned()
}

fn integer(value: Value<'_>) -> i64 {
    if let Value::Integer(integer) = value {
        integer
    } else {
        0
    }
}
