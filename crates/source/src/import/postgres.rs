//! Writing to PostgreSQL: one transaction, rows as arrays of text that the server casts.

use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::columns::{ColumnPlan, ColumnType};
use super::database::{Database, ForeignKey, Found, Lookup, Refusal, TableColumn, Target};
use super::error::ImportError;
use super::values::Cell;
use crate::connect::Reading;
use crate::plan::{Dialect, quote};
use crate::postgres::Postgres;

/// A policy that hides a row would make its id look free.
const WRITING: &str = "
    BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
    SET LOCAL row_security = off;
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL DateStyle = 'ISO, YMD';
";

/// A database that is being written to. Dropped, it closes its connection, and the server undoes everything.
pub(super) struct PostgresDatabase {
    client: Client,
    address: String,
    /// Statements by their text.
    prepared: std::collections::HashMap<String, Statement>,
}

type Answer<T> = Result<T, postgres::Error>;

impl PostgresDatabase {
    /// Connects and begins.
    pub(super) fn begin(
        address: &str,
        password: Option<&str>,
        schemas: &[String],
        shown: String,
    ) -> Result<PostgresDatabase, ImportError> {
        let postgres = Postgres::open(address, password, schemas, &Reading::default())?;
        let mut database = PostgresDatabase {
            client: postgres.connect()?,
            address: shown,
            prepared: std::collections::HashMap::new(),
        };
        let begin = format!(
            "{WRITING} SET LOCAL search_path = {}",
            postgres.search_path()
        );
        database.run(&begin, "begin to write to the database")?;
        Ok(database)
    }

    fn run(&mut self, sql: &str, purpose: &str) -> Result<(), ImportError> {
        let ran = self.client.batch_execute(sql);
        ran.map_err(|error| self.failed(&error, purpose))
    }

    fn failed(&self, error: &postgres::Error, purpose: &str) -> ImportError {
        let purpose = purpose.to_owned();
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => ImportError::NoRoom {
                purpose,
                place: self.address.clone(),
            },
            Some(code)
                if *code == SqlState::INSUFFICIENT_PRIVILEGE
                    || *code == SqlState::READ_ONLY_SQL_TRANSACTION =>
            {
                let words = error.as_db_error().map(|error| error.message().to_owned());
                ImportError::NotGranted {
                    purpose,
                    detail: words.unwrap_or_default(),
                }
            }
            _ => crate::postgres::database_error(error, purpose, &self.address, false).into(),
        }
    }

    /// Prepared once, however often it is run.
    fn statement(&mut self, sql: &str) -> Answer<Statement> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.prepared.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn refused(&self, error: &postgres::Error, table: &str) -> Refusal {
        let Some(said) = error.as_db_error() else {
            return Refusal::Failed(self.failed(error, &format!("write to `{table}`")));
        };
        // Class 22: a value that its type cannot hold; 23: a rule of the table.
        let class = &said.code().code()[..2];
        if class == "22" || class == "23" {
            let rule = match (said.constraint(), said.column()) {
                (Some(name), _) => format!("the table's rule `{name}` forbids it"),
                (None, Some(column)) => format!("the column `{column}` must have a value"),
                // The server's words may hold the value itself, after a colon.
                (None, None) => {
                    let words = said.message();
                    words
                        .split_once(':')
                        .map_or(words, |(words, _)| words)
                        .to_owned()
                }
            };
            return Refusal::Rule(rule);
        }
        Refusal::Failed(self.failed(error, &format!("write to `{table}`")))
    }

    /// Runs between two marks, so that what is refused can be forgotten.
    fn or_back(
        &mut self,
        table: &str,
        run: impl FnOnce(&mut PostgresDatabase) -> Answer<u64>,
    ) -> Result<u64, Refusal> {
        let purpose = "mark a place to go back to";
        self.run("SAVEPOINT carryall_rows", purpose)?;
        match run(self) {
            Ok(count) => {
                self.run("RELEASE SAVEPOINT carryall_rows", purpose)?;
                Ok(count)
            }
            Err(error) => {
                let refusal = self.refused(&error, table);
                if matches!(refusal, Refusal::Rule(_)) {
                    self.run(
                        "ROLLBACK TO SAVEPOINT carryall_rows; RELEASE SAVEPOINT carryall_rows",
                        purpose,
                    )?;
                }
                Err(refusal)
            }
        }
    }
}

impl Database for PostgresDatabase {
    fn columns(&mut self, table: &str) -> Result<Vec<TableColumn>, ImportError> {
        let sql = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, NULL), a.attnotnull,
                          a.atthasdef OR a.attidentity <> '', a.attgenerated <> '' OR a.attidentity = 'a'
                   FROM pg_catalog.pg_attribute AS a
                   WHERE a.attrelid = to_regclass($1::text) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";
        let rows = self.client.query(sql, &[&Dialect::Postgres.table(table)]);
        let rows =
            rows.map_err(|error| self.failed(&error, &format!("list the columns of `{table}`")))?;
        let column = |row: &postgres::Row| TableColumn {
            name: row.get(0),
            declared: row.get(1),
            not_null: row.get(2),
            has_default: row.get(3),
            generated: row.get(4),
        };
        Ok(rows.iter().map(column).collect())
    }

    fn foreign_keys(&mut self, table: &str) -> Result<Vec<ForeignKey>, ImportError> {
        let sql = "SELECT r.relname::text,
                          ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (number, place)
                                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = k.number
                                ORDER BY k.place)
                   FROM pg_catalog.pg_constraint AS c JOIN pg_catalog.pg_class AS r ON r.oid = c.confrelid
                   WHERE c.contype = 'f' AND c.conrelid = to_regclass($1::text) ORDER BY c.conname";
        let rows = self.client.query(sql, &[&Dialect::Postgres.table(table)]);
        let rows = rows
            .map_err(|error| self.failed(&error, &format!("list the references of `{table}`")))?;
        let key = |row: &postgres::Row| ForeignKey {
            table: row.get(0),
            columns: row.get(1),
        };
        Ok(rows.iter().map(key).collect())
    }

    fn find(&mut self, lookup: &Lookup<'_>, ids: &[String]) -> Result<Vec<Found>, ImportError> {
        let id = quote(&lookup.id.name);
        let shown = lookup.shown(|column| format!("{column}::text"));
        let sql = format!(
            "SELECT {id}::text{shown} FROM {} WHERE {id} = ANY ($1::text[]::{}[])",
            Dialect::Postgres.table(lookup.table),
            lookup.id.declared
        );
        let found: Answer<Vec<Found>> = self.statement(&sql).and_then(|statement| {
            let rows = self.client.query(&statement, &[&ids])?;
            let whose = |row: &postgres::Row| {
                (1..=lookup.whose.len())
                    .map(|place| row.get(place))
                    .collect()
            };
            Ok(rows.iter().map(|row| (row.get(0), whose(row))).collect())
        });
        found.map_err(|error| self.failed(&error, &format!("look for ids in `{}`", lookup.table)))
    }

    fn insert(&mut self, target: Target<'_>, rows: &[Vec<Cell>]) -> Result<u64, Refusal> {
        let columns = target.columns;
        let names: Vec<_> = columns.iter().map(|column| quote(&column.name)).collect();
        let values: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| format!("c{place}::{}", column.declared))
            .collect();
        let arrays: Vec<_> = (1..=columns.len())
            .map(|place| format!("${place}::text[]"))
            .collect();
        let places: Vec<_> = (0..columns.len())
            .map(|place| format!("c{place}"))
            .collect();
        let sql = format!(
            "INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS t ({}){}",
            Dialect::Postgres.table(target.table),
            names.join(", "),
            values.join(", "),
            arrays.join(", "),
            places.join(", "),
            if target.may_be_there {
                " ON CONFLICT DO NOTHING"
            } else {
                ""
            }
        );
        let given: Vec<Vec<Option<String>>> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| rows.iter().map(|row| text(&row[place], column)).collect())
            .collect();
        self.or_back(target.table, |database| {
            let statement = database.statement(&sql)?;
            let given: Vec<&(dyn ToSql + Sync)> = given.iter().map(|all| all as _).collect();
            database.client.execute(&statement, &given)
        })
    }

    fn update(
        &mut self,
        table: &str,
        (id, id_value): (&ColumnPlan, &Cell),
        (column, value): (&ColumnPlan, &Cell),
    ) -> Result<(), Refusal> {
        let sql = format!(
            "UPDATE {} SET {} = $2::text::{} WHERE {} = $1::text::{}",
            Dialect::Postgres.table(table),
            quote(&column.name),
            column.declared,
            quote(&id.name),
            id.declared
        );
        let given = [text(id_value, id), text(value, column)];
        self.or_back(table, |database| {
            let statement = database.statement(&sql)?;
            database.client.execute(&statement, &[&given[0], &given[1]])
        })
        .map(|_| ())
    }

    fn commit(&mut self) -> Result<(), ImportError> {
        self.run("COMMIT", "make the imported rows permanent")
    }

    fn roll_back(&mut self) -> Result<(), ImportError> {
        self.run("ROLLBACK", "undo the imported rows")
    }

    fn holds_nul(&self) -> bool {
        false
    }
}

/// A value as the text that its type reads.
fn text(cell: &Cell, column: &ColumnPlan) -> Option<String> {
    Some(match cell {
        Cell::Null => return None,
        Cell::Boolean(truth) if column.of == ColumnType::Integer => u8::from(*truth).to_string(),
        Cell::Boolean(truth) => truth.to_string(),
        Cell::Integer(integer) => integer.to_string(),
        Cell::Real(real) => real.to_string(),
        Cell::Text(text) => text.clone(),
        Cell::Blob(bytes) => format!("\\x{}", carryall_format::write::hex(bytes)),
    })
}
