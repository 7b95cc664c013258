//! SQL as the ledger's verbs speak it: `:name` parameters, typed cells, one transaction, two engines.
//!
//! Promises: a verb is written once; a value is bound, never written into SQL; a cell that is not what the
//! program expects is an error that names the column, never a guess; no error carries a value.

mod cells;
pub(super) mod names;
pub(super) mod postgres;
pub(super) mod sqlite;
mod values;

use std::cell::RefCell;

pub(super) use cells::Row;
pub(super) use values::{Bind, Value};

use super::LedgerError;

/// A parameter and its name, with the colon.
pub(super) type Named<'p> = (&'p str, Value);

/// `named_params! { ":id": id, ":now": now }`
macro_rules! named_params {
    ($($name:literal : $value:expr),* $(,)?) => {
        &[$(($name, $crate::ledger::sql::Bind::bind(&$value))),*] as &[$crate::ledger::sql::Named<'_>]
    };
}
pub(super) use named_params;

/// What a verb does its work in: all of it happens, or nothing.
pub(super) struct Tx<'t>(Engine<'t>);

enum Engine<'t> {
    Sqlite(&'t rusqlite::Connection),
    // A statement takes the connection for itself, and verbs pass `&Tx` on.
    Postgres(RefCell<postgres::Open<'t>>),
}

impl<'t> Tx<'t> {
    pub(super) fn sqlite(connection: &'t rusqlite::Connection) -> Tx<'t> {
        Tx(Engine::Sqlite(connection))
    }

    pub(super) fn postgres(open: postgres::Open<'t>) -> Tx<'t> {
        Tx(Engine::Postgres(RefCell::new(open)))
    }

    /// Whether the engine is SQLite; only `engines` asks.
    pub(super) fn is_sqlite(&self) -> bool {
        matches!(self.0, Engine::Sqlite(_))
    }

    /// Whether a statement failed, after which PostgreSQL would commit nothing and say nothing.
    pub(super) fn is_spoiled(&self) -> bool {
        matches!(&self.0, Engine::Postgres(open) if open.borrow().is_spoiled())
    }

    /// Runs a statement; the answer is how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: &[Named<'_>]) -> Result<usize, LedgerError> {
        match &self.0 {
            Engine::Sqlite(connection) => sqlite::execute(connection, sql, params),
            Engine::Postgres(open) => open.borrow_mut().execute(sql, params),
        }
    }

    /// Shows each row to `visit`, for as long as it answers `true`.
    pub(super) fn each(
        &self,
        sql: &str,
        params: &[Named<'_>],
        visit: &mut dyn FnMut(&Row<'_>) -> Result<bool, LedgerError>,
    ) -> Result<(), LedgerError> {
        match &self.0 {
            Engine::Sqlite(connection) => sqlite::each(connection, sql, params, visit),
            Engine::Postgres(open) => open.borrow_mut().each(sql, params, visit),
        }
    }

    /// The first row, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: &[Named<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, LedgerError>,
    ) -> Result<Option<T>, LedgerError> {
        let mut found = None;
        self.each(sql, params, &mut |row| {
            found = Some(read(row)?);
            Ok(false)
        })?;
        Ok(found)
    }

    /// Every row.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: &[Named<'_>],
        read: impl Fn(&Row<'_>) -> Result<T, LedgerError>,
    ) -> Result<Vec<T>, LedgerError> {
        let mut found = Vec::new();
        self.each(sql, params, &mut |row| {
            found.push(read(row)?);
            Ok(true)
        })?;
        Ok(found)
    }
}
