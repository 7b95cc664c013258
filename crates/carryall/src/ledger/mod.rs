//! Carryall's own records: exports, sessions and the audit log, in a database of their own.
//!
//! Its verbs are the boundary: what another engine has to do is what `exports`, `leases`, `artifacts`,
//! `sessions` and `audit` say here, and nothing outside this folder speaks SQL to the ledger. Time and
//! randomness are arguments, so that several processes and the tests agree on them.

mod artifacts;
mod audit;
mod audit_chain;
mod exports;
mod leases;
mod limits;
mod locks;
mod notices;
mod requests;
mod rows;
mod secrets;
mod sessions;
mod sign_outs;

#[cfg(test)]
mod contract;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use artifacts::Artifact;
pub use audit::{Caller, Event, Kind};
pub use audit_chain::{Chain, Entry};
pub use exports::{Export, ExportId, Progress, Status, SubjectKey};
pub use leases::{Claim, Lease};
pub use limits::{Admission, Limit, Tries};
pub use locks::{Protected, Protection};
pub use notices::{Channel, Notice};
pub use requests::{NewExport, Requested};
pub use secrets::ArtifactSecret;
pub use sessions::{Look, NewSession, Session};

mod migrations {
    refinery::embed_migrations!("src/ledger/migrations");
}

/// How long a write waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The records. Clones share one connection.
#[derive(Clone)]
pub struct Ledger {
    connection: Arc<Mutex<Connection>>,
}

/// Why the ledger could not answer.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file cannot be opened or made.
    #[error("open the ledger {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Its tables could not be brought up to date.
    #[error("bring the ledger {} up to date", path.display())]
    Migrate {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: Box<refinery::Error>,
    },
    /// `--ledger` names an engine that there is not.
    #[error("open the ledger {address}: only sqlite:PATH is known")]
    Address {
        /// As given.
        address: String,
    },
    /// A statement failed.
    #[error("read or write the ledger")]
    Statement(#[from] rusqlite::Error),
    /// The thread that asked it is gone.
    #[error("read or write the ledger: its thread ended")]
    Stopped,
}

impl LedgerError {
    /// Advice for whoever runs the program.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            LedgerError::Open { .. } => Some(
                "the folder must exist and be writable; `--ledger sqlite:PATH` chooses another file",
            ),
            LedgerError::Migrate { .. } => {
                Some("is the file a ledger, and not made by a newer version?")
            }
            LedgerError::Address { .. } => Some("write it as `sqlite:./carryall.db`"),
            LedgerError::Statement(_) | LedgerError::Stopped => None,
        }
    }
}

impl Ledger {
    /// Opens the ledger at `sqlite:PATH`, makes it when there is none, and brings it up to date.
    pub fn open(address: &str) -> Result<Ledger, LedgerError> {
        Ledger::open_file(Ledger::file(address)?)
    }

    /// The file at `sqlite:PATH`.
    pub fn file(address: &str) -> Result<&Path, LedgerError> {
        address
            .strip_prefix("sqlite:")
            .map(Path::new)
            .ok_or_else(|| LedgerError::Address {
                address: address.to_owned(),
            })
    }

    fn open_file(path: &Path) -> Result<Ledger, LedgerError> {
        let connect = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(BUSY_TIMEOUT)?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            // A deleted key is overwritten, not only forgotten.
            connection.pragma_update(None, "secure_delete", "ON")?;
            // A published export must still be published after a power cut.
            connection.pragma_update(None, "synchronous", "FULL")?;
            Ok(connection)
        };
        let failed = |source| LedgerError::Open {
            path: path.to_owned(),
            source,
        };
        let mut connection = connect().map_err(failed)?;
        migrations::migrations::runner()
            .run(&mut connection)
            .map_err(|source| LedgerError::Migrate {
                path: path.to_owned(),
                source: Box::new(source),
            })?;
        only_for_the_owner(path);
        Ok(Ledger {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    /// Whether it answers.
    pub async fn is_alive(&self) -> bool {
        self.run(|connection| connection.query_row("SELECT 1", [], |_| Ok(())))
            .await
            .is_ok()
    }

    /// Runs one verb away from the threads that serve requests.
    async fn run<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let connection = Arc::clone(&self.connection);
        let answer = tokio::task::spawn_blocking(move || {
            // A verb that panicked has rolled its transaction back: the connection is still good.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            verb(&mut connection)
        });
        Ok(answer.await.map_err(|_| LedgerError::Stopped)??)
    }

    /// Runs one verb that writes: all of it, or nothing.
    async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.run(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = verb(&tx)?;
            tx.commit()?;
            Ok(answer)
        })
        .await
    }

    /// Runs one verb on this very thread.
    fn block<T>(
        &self,
        verb: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, LedgerError> {
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Ok(verb(&mut connection)?)
    }
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
