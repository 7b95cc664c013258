//! Writing to SQLite: one `BEGIN IMMEDIATE`, and foreign keys that are checked row by row.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params_from_iter};

use super::columns::ColumnPlan;
use super::database::{Database, ForeignKey, Found, Lookup, Refusal, TableColumn, Target};
use super::error::ImportError;
use super::values::Cell;
use crate::error::SourceError;
use crate::plan::quote;

/// How long the product's own writers may keep the database.
const PATIENCE: Duration = Duration::from_secs(30);

/// Memory is bounded however much is written: pages that do not fit go to the journal early.
const WRITING: &str = "
    PRAGMA foreign_keys = on;
    PRAGMA cache_size = -4096;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = file;
    BEGIN IMMEDIATE;
";

/// A database that is being written to.
#[derive(Debug)]
pub(super) struct SqliteDatabase {
    connection: Connection,
    path: PathBuf,
}

impl SqliteDatabase {
    /// Begins. The product's other writers wait until this is done.
    pub(super) fn begin(path: &Path) -> Result<SqliteDatabase, ImportError> {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)
            .map_err(|error| failed(&error, &path, "open the database to write to it"))?;
        let database = SqliteDatabase { connection, path };
        database
            .connection
            .busy_timeout(PATIENCE)
            .and_then(|()| crate::sqlite::harden(&database.connection))
            .and_then(|()| database.connection.execute_batch(WRITING))
            .map_err(|error| database.failed(&error, "begin to write to the database"))?;
        Ok(database)
    }

    fn failed(&self, error: &rusqlite::Error, purpose: &str) -> ImportError {
        failed(error, &self.path, purpose)
    }

    fn run(&self, sql: &str, purpose: &str) -> Result<(), ImportError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| self.failed(&error, purpose))
    }

    /// A rule of the table, or the end of the import.
    fn refused(&self, error: &rusqlite::Error, table: &str) -> Refusal {
        use rusqlite::ffi;
        let code = error.sqlite_error().map_or(0, |error| error.extended_code);
        let is_rule = matches!(
            code,
            ffi::SQLITE_CONSTRAINT_CHECK
                | ffi::SQLITE_CONSTRAINT_NOTNULL
                | ffi::SQLITE_CONSTRAINT_UNIQUE
                | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                | ffi::SQLITE_CONSTRAINT_FOREIGNKEY
                | ffi::SQLITE_CONSTRAINT_DATATYPE
        );
        if is_rule {
            let words = match error {
                rusqlite::Error::SqliteFailure(_, Some(words)) => words.clone(),
                other => other.to_string(),
            };
            return Refusal::Rule(words);
        }
        Refusal::Failed(self.failed(error, &format!("write to `{table}`")))
    }

    fn insert_each(&self, target: Target<'_>, rows: &[Vec<Cell>]) -> Result<u64, Refusal> {
        let names: Vec<_> = target
            .columns
            .iter()
            .map(|column| quote(&column.name))
            .collect();
        let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
        let sql = format!(
            "INSERT INTO {} ({}) VALUES ({}){}",
            quote(target.table),
            names.join(", "),
            places.join(", "),
            if target.may_be_there {
                " ON CONFLICT DO NOTHING"
            } else {
                ""
            }
        );
        let refused = |error| self.refused(&error, target.table);
        let mut statement = self.connection.prepare_cached(&sql).map_err(refused)?;
        let mut added = 0;
        for row in rows {
            added += statement.execute(params_from_iter(row)).map_err(refused)? as u64;
        }
        Ok(added)
    }
}

impl Database for SqliteDatabase {
    fn columns(&mut self, table: &str) -> Result<Vec<TableColumn>, ImportError> {
        let read = || -> rusqlite::Result<Vec<TableColumn>> {
            let sql = "SELECT name, type, \"notnull\" OR (pk > 0 AND lower(type) <> 'integer'), dflt_value IS NOT NULL, hidden
                       FROM pragma_table_xinfo(?1, 'main') ORDER BY cid";
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([table], |row| {
                Ok(TableColumn {
                    name: row.get(0)?,
                    declared: row.get(1)?,
                    not_null: row.get(2)?,
                    has_default: row.get(3)?,
                    generated: row.get::<_, i64>(4)? != 0,
                })
            })?;
            rows.collect()
        };
        read().map_err(|error| self.failed(&error, &format!("list the columns of `{table}`")))
    }

    fn foreign_keys(&mut self, table: &str) -> Result<Vec<ForeignKey>, ImportError> {
        let read = || -> rusqlite::Result<Vec<ForeignKey>> {
            let sql = "SELECT id, \"table\", \"from\" FROM pragma_foreign_key_list(?1, 'main') ORDER BY id, seq";
            let mut statement = self.connection.prepare(sql)?;
            let rows = statement.query_map([table], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?))
            })?;
            let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
            for row in rows {
                let (number, table, column): (i64, String, String) = row?;
                match keys.last_mut() {
                    Some((last, key)) if *last == number => key.columns.push(column),
                    _ => {
                        let columns = vec![column];
                        keys.push((number, ForeignKey { columns, table }));
                    }
                }
            }
            Ok(keys.into_iter().map(|(_, key)| key).collect())
        };
        read().map_err(|error| self.failed(&error, &format!("list the references of `{table}`")))
    }

    fn find(&mut self, lookup: &Lookup<'_>, ids: &[String]) -> Result<Vec<Found>, ImportError> {
        let id = quote(&lookup.id.name);
        let shown = lookup.shown(|column| format!("CAST({column} AS TEXT)"));
        let sql = format!(
            "SELECT CAST({id} AS TEXT){shown} FROM {} WHERE {id} = ?1",
            quote(lookup.table)
        );
        let read = || -> rusqlite::Result<Vec<Found>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let mut found = Vec::new();
            for id in ids {
                let mut rows = statement.query([id])?;
                while let Some(row) = rows.next()? {
                    let whose = (1..=lookup.whose.len()).map(|place| row.get(place));
                    found.push((row.get(0)?, whose.collect::<rusqlite::Result<_>>()?));
                }
            }
            Ok(found)
        };
        read().map_err(|error| self.failed(&error, &format!("look for ids in `{}`", lookup.table)))
    }

    fn insert(&mut self, target: Target<'_>, rows: &[Vec<Cell>]) -> Result<u64, Refusal> {
        let purpose = "mark a place to go back to";
        self.run("SAVEPOINT carryall_rows", purpose)?;
        let inserted = self.insert_each(target, rows);
        if matches!(inserted, Err(Refusal::Rule(_))) {
            self.run("ROLLBACK TO carryall_rows", purpose)?;
        }
        if !matches!(inserted, Err(Refusal::Failed(_))) {
            self.run("RELEASE carryall_rows", purpose)?;
        }
        inserted
    }

    fn update(
        &mut self,
        table: &str,
        (id, id_value): (&ColumnPlan, &Cell),
        (column, value): (&ColumnPlan, &Cell),
    ) -> Result<(), Refusal> {
        let sql = format!(
            "UPDATE {} SET {} = ?2 WHERE {} = ?1",
            quote(table),
            quote(&column.name),
            quote(&id.name)
        );
        let run = || {
            self.connection
                .prepare_cached(&sql)?
                .execute((id_value, value))
        };
        run()
            .map(|_| ())
            .map_err(|error| self.refused(&error, table))
    }

    fn commit(&mut self) -> Result<(), ImportError> {
        self.run("COMMIT", "make the imported rows permanent")
    }

    fn roll_back(&mut self) -> Result<(), ImportError> {
        self.run("ROLLBACK", "undo the imported rows")
    }

    fn holds_nul(&self) -> bool {
        true
    }
}

fn failed(error: &rusqlite::Error, path: &Path, purpose: &str) -> ImportError {
    let (database, purpose) = (path.display().to_string(), purpose.to_owned());
    match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            ImportError::NotWritable { database }
        }
        Some(ErrorCode::DiskFull) => ImportError::NoRoom {
            purpose,
            place: database,
        },
        _ => SourceError::from_sqlite(error, path, &purpose).into(),
    }
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Cell::Null => Ok(ToSqlOutput::from(rusqlite::types::Null)),
            Cell::Boolean(truth) => truth.to_sql(),
            Cell::Integer(integer) => integer.to_sql(),
            Cell::Real(real) => real.to_sql(),
            Cell::Text(text) => text.to_sql(),
            Cell::Blob(bytes) => bytes.to_sql(),
        }
    }
}
