//! Why the ledger could not answer. No error carries a value: it may be somebody's.

use std::error::Error;
use std::path::PathBuf;

use carryall_source::postgres::advice_on_tls;
use rusqlite::ErrorCode;

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
    #[error("bring the ledger {ledger} up to date")]
    Migrate {
        /// The file or the database.
        ledger: String,
        /// What failed.
        source: Box<refinery::Error>,
    },
    /// `--ledger` names an engine that there is not, or an address that is none.
    #[error("open the ledger {address}: {}", detail.as_deref().unwrap_or("only sqlite:PATH and postgres:// are known"))]
    Address {
        /// As given, without its password.
        address: String,
        /// What is wrong with it.
        detail: Option<String>,
    },
    /// The database does not answer, or not in time. What was to be done is not done, or nobody knows.
    #[error("reach the ledger: {detail}")]
    Unreachable {
        /// What its driver says.
        detail: String,
    },
    /// TLS was asked for, and cannot be had as it was.
    #[error("reach the ledger: {detail}")]
    Insecure {
        /// What its driver says.
        detail: String,
        /// What to do.
        advice: &'static str,
    },
    /// Every connection is in use.
    #[error("reach the ledger: all of its connections are in use")]
    Busy,
    /// A statement failed.
    #[error("read or write the ledger: {detail}")]
    Statement {
        /// What the engine says, without values.
        detail: String,
    },
    /// A statement was given other parameters than it has.
    #[error("read or write the ledger: other parameters than in `{sql}`")]
    Parameters {
        /// The statement.
        sql: String,
    },
    /// A cell holds something that this program has not written.
    #[error("read the ledger: its column {column} holds {what}")]
    Unreadable {
        /// The column.
        column: String,
        /// What it holds.
        what: &'static str,
    },
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
            LedgerError::Migrate { .. } => Some(
                "is it a ledger, not made by a newer version? In PostgreSQL the role needs a schema of its own to make tables in",
            ),
            LedgerError::Address { .. } => {
                Some("write it as `sqlite:./carryall.db` or `postgres://USER@HOST/DATABASE`")
            }
            LedgerError::Unreachable { .. } => Some(
                "is the server running, is the address right, and the password in `--ledger-password-file`?",
            ),
            LedgerError::Insecure { advice, .. } => Some(advice),
            _ => None,
        }
    }

    /// Whether it may answer a moment later.
    pub fn is_passing(&self) -> bool {
        matches!(self, LedgerError::Unreachable { .. } | LedgerError::Busy)
    }

    /// The server cannot be reached.
    pub(super) fn unreachable(error: &postgres::Error) -> LedgerError {
        let detail = error
            .as_db_error()
            .map_or_else(|| with_causes(error), |said| said.message().to_owned());
        match advice_on_tls(error) {
            Some(advice) => LedgerError::Insecure { detail, advice },
            None => LedgerError::Unreachable { detail },
        }
    }
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> LedgerError {
        let detail = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LedgerError::Unreachable { detail }
            }
            _ => LedgerError::Statement { detail },
        }
    }
}

/// A server that stops, starts, is full, was waited for too long, or is being read only for a while.
const PASSING: [&str; 10] = [
    "25006", "25P03", "40001", "40P01", "53300", "55P03", "57014", "57P01", "57P02", "57P03",
];

impl From<postgres::Error> for LedgerError {
    fn from(error: postgres::Error) -> LedgerError {
        let Some(said) = error.as_db_error() else {
            return LedgerError::unreachable(&error);
        };
        if PASSING.contains(&said.code().code()) {
            return LedgerError::unreachable(&error);
        }
        // Not `detail`, which quotes the row.
        LedgerError::Statement {
            detail: format!("{} ({})", said.message(), said.code().code()),
        }
    }
}

/// The driver's words and everything below them.
pub(super) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(below) = cause {
        text = format!("{text}: {below}");
        cause = below.source();
    }
    text
}
