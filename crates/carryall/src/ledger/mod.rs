//! Carryall's own records: exports, sessions and the audit log, in a database of their own.
//!
//! Its verbs are the boundary: nothing outside this folder speaks SQL to the ledger. Each verb is written once,
//! for SQLite and for PostgreSQL (`sql`); where the two differ stands in `engines`. Time and randomness are
//! arguments, so that several processes and the tests agree on them.

mod artifacts;
mod audit;
mod audit_chain;
mod begun;
mod checkpoints;
mod codes;
mod decisions;
mod engines;
mod error;
mod examine;
mod exports;
mod leases;
mod letters;
mod limits;
mod locks;
mod news;
mod notices;
mod operator_sessions;
mod queue;
mod requests;
mod rows;
mod secrets;
mod sessions;
mod sign_outs;
mod sql;

#[cfg(test)]
#[expect(
    clippy::duplicate_mod,
    reason = "the same contract, on the other engine"
)]
#[path = "contract/mod.rs"]
mod contract_on_postgres;
#[cfg(test)]
#[path = "contract/mod.rs"]
mod contract_on_sqlite;
#[cfg(test)]
mod contract_stage;
#[cfg(test)]
mod opening_tests;

use std::path::Path;
use std::sync::Arc;

pub use artifacts::Artifact;
pub use audit::{Caller, Event, Kind};
pub use audit_chain::{Chain, Entry};
pub use checkpoints::{Checkpoint, Prune};
pub use decisions::Decided;
pub use error::LedgerError;
pub use examine::{Examined, Tables, examine};
pub use exports::{Export, ExportId, Progress, Status, SubjectKey};
pub use leases::{Claim, Lease};
pub use letters::{ByOperator, Letter, NewLetter, State};
pub use limits::{Admission, Limit, Tries};
pub use locks::{Protected, Protection};
pub use notices::{Channel, Notice};
pub use operator_sessions::OperatorSession;
pub use queue::Queue;
pub use requests::{NewExport, Requested};
pub use secrets::ArtifactSecret;
pub use sessions::{Look, NewSession, Session};

use engines::Effect;
use sql::{Tx, named_params};

/// The records. Clones share their connections.
#[derive(Clone)]
pub struct Ledger(Arc<Engine>);

enum Engine {
    Sqlite(sql::sqlite::File),
    Postgres(sql::postgres::Pool),
}

impl Ledger {
    /// Opens the ledger at `sqlite:PATH` or `postgres://…`, makes its tables when there are none, and brings
    /// them up to date. `password` is for a server whose address has none.
    pub fn open_with(address: &str, password: Option<&str>) -> Result<Ledger, LedgerError> {
        let engine = if is_postgres(address) {
            Engine::Postgres(sql::postgres::Pool::open(address, password)?)
        } else {
            Engine::Sqlite(sql::sqlite::File::open(file(address)?)?)
        };
        Ok(Ledger(Arc::new(engine)))
    }

    /// The same, without a password.
    #[cfg(test)]
    pub fn open(address: &str) -> Result<Ledger, LedgerError> {
        Ledger::open_with(address, None)
    }

    /// The file at `sqlite:PATH`; none for a server's database.
    pub fn file(address: &str) -> Result<Option<&Path>, LedgerError> {
        if is_postgres(address) {
            return Ok(None);
        }
        file(address).map(Some)
    }

    /// Whether it answers.
    pub async fn look(&self) -> Result<(), LedgerError> {
        self.run(|tx| tx.one("SELECT 1", named_params! {}, |_| Ok(())))
            .await
            .map(drop)
    }

    /// Runs one verb that reads, or writes with a single statement.
    async fn run<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.aside(Effect::Look, verb).await
    }

    /// Runs one verb that writes and adds no event: all of it, or nothing.
    async fn change<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.aside(Effect::Change, verb).await
    }

    /// Runs one verb that writes and may add events: all of it, or nothing, and nobody else at the same time.
    async fn write<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        self.aside(Effect::Record, verb).await
    }

    /// Runs it away from the threads that serve requests.
    async fn aside<T: Send + 'static>(
        &self,
        effect: Effect,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let engine = Arc::clone(&self.0);
        let answer = tokio::task::spawn_blocking(move || engine.run(effect, verb));
        answer.await.map_err(|_| LedgerError::Stopped)?
    }

    /// Runs one verb that reads on this very thread, which is no runtime's.
    fn block<T>(
        &self,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        self.0.run(Effect::Look, verb)
    }
}

impl Engine {
    fn run<T>(
        &self,
        effect: Effect,
        verb: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        match self {
            Engine::Sqlite(file) => file.run(effect, verb),
            Engine::Postgres(pool) => pool.run(effect, verb),
        }
    }
}

fn is_postgres(address: &str) -> bool {
    ["postgres://", "postgresql://"]
        .iter()
        .any(|scheme| address.starts_with(scheme))
}

fn file(address: &str) -> Result<&Path, LedgerError> {
    let path = address.strip_prefix("sqlite:").map(Path::new);
    path.ok_or_else(|| LedgerError::Address {
        address: carryall_source::connect::without_password(address),
        detail: None,
    })
}
