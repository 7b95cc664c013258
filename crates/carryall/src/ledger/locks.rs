//! What closes protected files: kept from the request until the file is written, never longer.
//!
//! The person's passphrase is gone when the request is answered. What is kept is the head of the file and
//! the file's own key. The database itself deletes both with the end of the build (see the migration).

use zeroize::Zeroizing;

use super::rows::unreadable;
use super::sql::{Row, Tx, named_params};
use super::{ExportId, LedgerError};
use crate::protect::Lock;

/// With what a file is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A passphrase.
    Passphrase,
    /// A public key of age.
    Key,
}

impl Protection {
    /// The word in the ledger and in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Protection::Passphrase => "passphrase",
            Protection::Key => "key",
        }
    }

    pub(super) fn from_row(row: &Row<'_>) -> Result<Option<Protection>, LedgerError> {
        Ok(match row.get::<Option<String>>("protection")?.as_deref() {
            None => None,
            Some("passphrase") => Some(Protection::Passphrase),
            Some("key") => Some(Protection::Key),
            Some(_) => return Err(unreadable("protection", "an unknown word")),
        })
    }
}

/// A lock, and what opens it.
#[derive(Debug, Clone)]
pub struct Protected {
    /// What opens it.
    pub by: Protection,
    /// It.
    pub lock: Lock,
}

const KEEP: &str =
    "INSERT INTO export_locks (export_id, head, file_key) VALUES (:export, :head, :file_key)";
const FIND: &str = "SELECT head, file_key FROM export_locks WHERE export_id = :export";

/// Keeps the lock of an export that waits.
pub(super) fn keep(tx: &Tx<'_>, export: ExportId, lock: &Lock) -> Result<(), LedgerError> {
    let (head, file_key) = lock.parts();
    let params =
        named_params! { ":export": export.to_string(), ":head": head, ":file_key": &file_key[..] };
    tx.execute(KEEP, params).map(drop)
}

/// The lock of an export that is about to be written; none when it has none.
pub(super) fn find(tx: &Tx<'_>, export: ExportId) -> Result<Option<Lock>, LedgerError> {
    let params = named_params! { ":export": export.to_string() };
    tx.one(FIND, params, |row| {
        Ok(Lock::of_parts(row.get(0)?, Zeroizing::new(row.get(1)?)))
    })
}
