//! Where the two engines differ, side by side. Everything else of the ledger is written once.

use super::LedgerError;
use super::sql::{Tx, named_params};

/// What a verb does to the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Reads, or writes with a single statement.
    Look,
    /// Writes with several statements, and adds no event.
    Change,
    /// Adds events: whoever does so is alone, because each event is bound to the one before.
    Record,
}

mod on_sqlite {
    refinery::embed_migrations!("src/ledger/migrations");
}

mod on_postgres {
    refinery::embed_migrations!("src/ledger/migrations_postgres");
}

/// The tables of SQLite, by version.
pub(super) fn sqlite_migrations() -> refinery::Runner {
    on_sqlite::migrations::runner()
}

/// The same versions and tables, in PostgreSQL's words.
pub(super) fn postgres_migrations() -> refinery::Runner {
    on_postgres::migrations::runner()
}

// SQLite lets one process write at a time, and the others wait. PostgreSQL is asked for the same where it is
// needed; the first number is "carryall" in ASCII, and means nothing else in the database.
const RECORDING: &str = "BEGIN; SELECT pg_advisory_xact_lock(7161130718484065388)";
const MIGRATING: i64 = 7_161_130_718_484_065_389;

/// How a transaction begins on PostgreSQL. SQLite has `BEGIN IMMEDIATE` for all that write.
pub(super) fn begin(effect: Effect) -> &'static str {
    match effect {
        Effect::Look | Effect::Change => "BEGIN",
        Effect::Record => RECORDING,
    }
}

/// Brings the tables up to date, one node after the other. SQLite: `sql/sqlite.rs`, in whose file only one
/// process writes.
pub(super) fn migrate_postgres(
    client: &mut postgres::Client,
    address: &str,
) -> Result<(), LedgerError> {
    let lock = format!("SET lock_timeout = 0; SELECT pg_advisory_lock({MIGRATING})");
    client.batch_execute(&lock)?;
    // The lock ends with its connection, which is dropped after this.
    postgres_migrations()
        .run(client)
        .map(drop)
        .map_err(|source| LedgerError::Migrate {
            ledger: address.to_owned(),
            source: Box::new(source),
        })
}

/// What stands behind a `SELECT` of the row that one worker is to have. SQLite has no other writer beside it.
pub(super) fn one_worker_each(tx: &Tx<'_>) -> &'static str {
    if tx.is_sqlite() {
        ""
    } else {
        "FOR UPDATE SKIP LOCKED"
    }
}

/// The word that an export waits. It is heard when the transaction is there, and not before.
pub(super) const WAITS: &str = "carryall_waits";

/// Tells every node that an export waits. On SQLite the others look by themselves, each second.
pub(super) fn tell_that_one_waits(tx: &Tx<'_>) -> Result<(), LedgerError> {
    if !tx.is_sqlite() {
        let params = named_params! { ":word": WAITS };
        tx.one("SELECT 1 FROM pg_notify(:word, '')", params, |_| Ok(()))?;
    }
    Ok(())
}

/// Empties the journal of what was written before: a deleted key stands there until it is overwritten. While
/// another process reads, it waits for the next time.
///
/// PostgreSQL keeps its own journal for as long as its operator says; `docs/DESIGN.md` tells what that means.
pub(super) fn empty_journal(tx: &Tx<'_>) -> Result<(), LedgerError> {
    if tx.is_sqlite() {
        tx.one("PRAGMA wal_checkpoint(TRUNCATE)", named_params! {}, |_| {
            Ok(())
        })?;
    }
    Ok(())
}
