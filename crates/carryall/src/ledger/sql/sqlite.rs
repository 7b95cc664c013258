//! The ledger in a file of SQLite's.
//!
//! One connection for the whole process; other processes wait for their turn.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::{LedgerError, Named, Row, Tx};
use crate::ledger::engines::{self, Effect};

/// How long a write waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The file.
pub(in crate::ledger) struct File(Mutex<Connection>);

impl File {
    /// Opens it, makes it when there is none, and brings it up to date.
    pub(in crate::ledger) fn open(path: &Path) -> Result<File, LedgerError> {
        let mut connection = connect(path).map_err(|source| LedgerError::Open {
            path: path.to_owned(),
            source,
        })?;
        engines::sqlite_migrations()
            .run(&mut connection)
            .map_err(|source| LedgerError::Migrate {
                ledger: path.display().to_string(),
                source: Box::new(source),
            })?;
        only_for_the_owner(path);
        Ok(File(Mutex::new(connection)))
    }

    /// Runs a verb.
    pub(in crate::ledger) fn run<T>(
        &self,
        effect: Effect,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        // A verb that panicked has rolled its transaction back: the connection is still good.
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if effect == Effect::Look {
            return verb(&Tx::sqlite(&connection));
        }
        let open = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = verb(&Tx::sqlite(&open))?;
        open.commit()?;
        Ok(answer)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A deleted key is overwritten, not only forgotten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    // A published export must still be published after a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Digests and subject keys are nobody else's business.
fn only_for_the_owner(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // What SQLite has not made yet takes the mode of the main file.
        let _ = std::fs::set_permissions(name, std::fs::Permissions::from_mode(0o600));
    }
}

pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: &[Named<'_>],
) -> Result<usize, LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    Ok(statement.raw_execute()?)
}

pub(super) fn each(
    connection: &Connection,
    sql: &str,
    params: &[Named<'_>],
    visit: &mut dyn FnMut(&Row<'_>) -> Result<bool, LedgerError>,
) -> Result<(), LedgerError> {
    let mut statement = connection.prepare_cached(sql)?;
    bind(&mut statement, params)?;
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        if !visit(&Row::Sqlite(row))? {
            break;
        }
    }
    Ok(())
}

fn bind(statement: &mut rusqlite::Statement<'_>, params: &[Named<'_>]) -> rusqlite::Result<()> {
    if params.len() != statement.parameter_count() {
        let (given, wanted) = (params.len(), statement.parameter_count());
        return Err(rusqlite::Error::InvalidParameterCount(given, wanted));
    }
    for (name, value) in params {
        let index = statement
            .parameter_index(name)?
            .ok_or_else(|| rusqlite::Error::InvalidParameterName((*name).to_owned()))?;
        statement.raw_bind_parameter(index, value)?;
    }
    Ok(())
}
