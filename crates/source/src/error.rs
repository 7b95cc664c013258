//! What can go wrong with the product's database, in words that name the thing.
//!
//! Every text fits "failed to: {error}" and [`SourceError::hint`] says what to do about it. No text
//! holds a value of a row: these errors reach the log.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The product's database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// No file there.
    #[error("open the database {}: there is no such file", .path.display())]
    NotFound {
        /// The database.
        path: PathBuf,
    },
    /// A folder, a socket, a device.
    #[error("open the database {}: it is not a file", .path.display())]
    NotAFile {
        /// What stands there.
        path: PathBuf,
    },
    /// Another file, an empty one, or an encrypted database: they cannot be told apart.
    #[error("open the database {}: it is not a SQLite database, or it is encrypted", .path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// A SQLite database with damaged pages.
    #[error("{purpose}: the database {} is damaged ({detail})", .path.display())]
    Corrupt {
        /// What was being done.
        purpose: String,
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// Somebody else kept it locked for longer than the time to wait.
    #[error("{purpose}: the database {} stayed locked by another program", .path.display())]
    Locked {
        /// What was being done.
        purpose: String,
        /// The database.
        path: PathBuf,
    },
    /// The file, or a folder above it, may not be read.
    #[error("open the database {}: permission denied", .path.display())]
    Denied {
        /// The database.
        path: PathBuf,
    },
    /// A WAL database is read with the help of a `-shm` file beside it, which could not be made.
    #[error("read the database {} in place: it is in WAL mode and the folder {} cannot be written", .path.display(), .folder.display())]
    FolderReadOnly {
        /// The database.
        path: PathBuf,
        /// The folder that holds it.
        folder: PathBuf,
    },
    /// The product died in the middle of a write and has not been started since.
    #[error("read the database {}: a write of the product was interrupted and not yet undone", .path.display())]
    Unfinished {
        /// The database.
        path: PathBuf,
    },
    /// No room for the private copy, or for a temporary file of a sort.
    #[error("copy the database {} to {}: it needs {needed_bytes} bytes, {free_bytes} are free", .path.display(), .folder.display())]
    NoSpace {
        /// The database.
        path: PathBuf,
        /// Where the copy was to go.
        folder: PathBuf,
        /// Size of the copy.
        needed_bytes: u64,
        /// What the folder has.
        free_bytes: u64,
    },
    /// The folder for temporary files.
    #[error("make a temporary file in {}: {cause}", .folder.display())]
    Scratch {
        /// The folder.
        folder: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The disk or the file system failed.
    #[error("{purpose}: the database {} could not be read ({detail})", .path.display())]
    Io {
        /// What was being done.
        purpose: String,
        /// The database.
        path: PathBuf,
        /// SQLite's words.
        detail: String,
    },
    /// Not an address of a database that can be read.
    #[error("`{address}` is no database address")]
    UnknownAddress {
        /// As it was given, without a password.
        address: String,
    },
    /// A table or column that a statement names is not there.
    #[error("{purpose}: the database {} has no {what} `{name}`", .path.display())]
    Missing {
        /// What was being done.
        purpose: String,
        /// The database.
        path: PathBuf,
        /// "table" or "column".
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// SQLite does not understand the statement, or could not carry it out.
    #[error("{purpose}: {detail}")]
    Sql {
        /// What was being done.
        purpose: String,
        /// SQLite's words, and where in the statement.
        detail: String,
    },
    /// A server that does not answer, or turns the program away.
    #[error("connect to {database}: {detail}")]
    Unreachable {
        /// Its address, without a password.
        database: String,
        /// The driver's or the server's words.
        detail: String,
    },
    /// TLS was asked for, and cannot be had as it was.
    #[error("connect to {database}: {detail}")]
    Insecure {
        /// Its address, without a password.
        database: String,
        /// The driver's or rustls's words.
        detail: String,
        /// What to do.
        advice: &'static str,
    },
    /// A pooler that gives each transaction another connection.
    #[error(
        "connect to {database}: a pooler in transaction mode answers there, which loses what an export keeps on its connection"
    )]
    Pooled {
        /// Its address, without a password.
        database: String,
    },
    /// The connection broke, or the server ended the transaction.
    #[error("{purpose}: {database} ended it ({detail})")]
    Lost {
        /// What was being done.
        purpose: String,
        /// Its address, without a password.
        database: String,
        /// The driver's or the server's words.
        detail: String,
        /// What to set.
        advice: &'static str,
    },
    /// The snapshot was held for as long as it may.
    #[error("{purpose}: reading took longer than {} s, and was ended", .limit.as_secs())]
    TooLong {
        /// What was being done.
        purpose: String,
        /// How long it may take.
        limit: Duration,
    },
    /// The role may not read something.
    #[error("{purpose}: {detail}")]
    NotGranted {
        /// What was being done.
        purpose: String,
        /// What may not be read.
        detail: String,
        /// What mends it, as SQL.
        statements: Vec<String>,
    },
    /// Row-level security would hide rows.
    #[error("{purpose}: rows would be left out silently ({detail})")]
    Filtered {
        /// What was being done.
        purpose: String,
        /// The server's words; they name the table.
        detail: String,
    },
    /// The claims for row-level security name somebody else.
    #[error("begin to read the database: the claims for row-level security are of somebody else")]
    ClaimsOfAnother,
    /// Policies hide the account itself.
    #[error("begin to read the database: row-level security hides the account itself")]
    HiddenAccount,
    /// A type that cannot be read.
    #[error("{purpose}: the column `{column}` has the type `{of}`, which cannot be read")]
    UnknownType {
        /// What was being done.
        purpose: String,
        /// The column.
        column: String,
        /// Its type.
        of: String,
    },
    /// [`crate::snapshot::Interrupt`] was used.
    #[error("{purpose}: it was cancelled")]
    Interrupted {
        /// What was being done.
        purpose: String,
    },
}

impl SourceError {
    /// Whether it may end well when it is tried again, from a new moment. A server that does not answer is
    /// waited for only if it did before: `was_there`.
    pub fn may_pass(&self, was_there: bool) -> bool {
        match self {
            SourceError::Lost { .. } | SourceError::Locked { .. } => true,
            SourceError::Unreachable { .. } => was_there,
            _ => false,
        }
    }

    /// Advice for who runs the program.
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            SourceError::NotFound { .. } => "check the path after `sqlite:`",
            SourceError::NotAFile { .. } => "name the database file itself, not its folder",
            SourceError::NotADatabase { .. } => {
                "name the product's SQLite database; an encrypted one must be decrypted first"
            }
            SourceError::Corrupt { .. } => {
                "run `PRAGMA integrity_check` in the sqlite3 shell and restore a backup of the product"
            }
            SourceError::Locked { .. } => {
                "try again; if it stays so, something holds the database open in exclusive mode"
            }
            SourceError::Denied { .. } => "let this account read the file and the folders above it",
            SourceError::FolderReadOnly { folder, .. } => {
                return Some(format!(
                    "let this account write to {} (SQLite keeps a -shm file there), or keep the product running",
                    folder.display()
                ));
            }
            SourceError::Unfinished { .. } => {
                "start the product once, it undoes the write by itself"
            }
            SourceError::NoSpace { .. } | SourceError::Scratch { .. } => {
                "make room, or set TMPDIR to a folder with room that this account can write; \
                 a database in WAL mode needs no copy (PRAGMA journal_mode = wal)"
            }
            SourceError::Io { .. } => "look at the disk and at the system's log",
            SourceError::Missing { .. } => {
                "check the name in the data map, or whether this is the product's database"
            }
            SourceError::Sql { .. } => "correct the statement in the data map",
            SourceError::UnknownAddress { .. } => {
                "write it as sqlite:PATH or postgres://USER@HOST/DATABASE, for example sqlite:/srv/product/product.db"
            }
            SourceError::Unreachable { .. } => {
                "check host, port, database and role after `--source postgres://`, and pg_hba.conf of the server"
            }
            SourceError::Insecure { advice, .. } | SourceError::Lost { advice, .. } => advice,
            SourceError::Pooled { .. } => {
                "name the server itself in --source, or the pooler's address for session mode, which mostly is another port"
            }
            SourceError::TooLong { .. } => {
                "--max-duration says how long: raise it, or read from a replica with --source"
            }
            SourceError::NotGranted { statements, .. } if !statements.is_empty() => {
                return Some(format!(
                    "as the owner of the tables: {}",
                    statements.join(" ")
                ));
            }
            SourceError::NotGranted { .. } => {
                "run what `carryall grants` prints, as the owner of the tables"
            }
            SourceError::Filtered { .. } => {
                "read as a role that policies do not apply to: ALTER ROLE … BYPASSRLS"
            }
            SourceError::ClaimsOfAnother => {
                "leave `sub` out of --rls-claims: it is the exported person's key then"
            }
            SourceError::HiddenAccount => {
                "the policies have to let the role of --rls-claims read the person's own rows"
            }
            SourceError::UnknownType { column, .. } => {
                return Some(format!(
                    "write {{ sql = {{ postgres = \"{column}::text\" }}, covers = [\"{column}\"] }} in the data map, or withhold the column"
                ));
            }
            SourceError::Interrupted { .. } => return None,
        };
        Some(advice.to_owned())
    }

    /// Gives SQLite's error its meaning. `purpose` is a verb phrase.
    pub(crate) fn from_sqlite(error: &rusqlite::Error, path: &Path, purpose: &str) -> Self {
        let (code, detail) = code_and_detail(error);
        let path = path.to_owned();
        let purpose = purpose.to_owned();
        match (code & 0xff, code) {
            (5 | 6, _) => SourceError::Locked { purpose, path },
            (26, _) => SourceError::NotADatabase { path },
            (11, _) => SourceError::Corrupt {
                purpose,
                path,
                detail,
            },
            (9, _) => SourceError::Interrupted { purpose },
            (3 | 23, _) => SourceError::Denied { path },
            // READONLY_ROLLBACK and READONLY_RECOVERY: a journal is left that only a writer may use.
            (8, 776 | 264) => SourceError::Unfinished { path },
            // The file itself is open by now, so what cannot be opened is its -shm or -wal.
            (8 | 14, _) => SourceError::FolderReadOnly {
                folder: folder_of(&path),
                path,
            },
            (7 | 10 | 13, _) => SourceError::Io {
                purpose,
                path,
                detail,
            },
            _ => match missing_name(&detail) {
                Some((what, name)) => SourceError::Missing {
                    purpose,
                    path,
                    what,
                    name,
                },
                None => SourceError::Sql { purpose, detail },
            },
        }
    }
}

/// The folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> PathBuf {
    path.parent()
        .map_or_else(|| PathBuf::from("/"), Path::to_owned)
}

/// SQLite's extended result code and words, with the place in the statement where it has one.
fn code_and_detail(error: &rusqlite::Error) -> (i32, String) {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => (
            failure.extended_code,
            message.clone().unwrap_or_else(|| failure.to_string()),
        ),
        rusqlite::Error::SqlInputError {
            error,
            msg,
            sql,
            offset,
        } => {
            let rest = usize::try_from(*offset).ok().and_then(|at| sql.get(at..));
            let place: String = rest.unwrap_or_default().chars().take(40).collect();
            let near = if place.is_empty() {
                String::new()
            } else {
                format!(", at `{place}`")
            };
            (error.extended_code, format!("{msg}{near}"))
        }
        other => (1, other.to_string()),
    }
}

/// Reads "no such table: main.users" and its likes.
fn missing_name(detail: &str) -> Option<(&'static str, String)> {
    let (what, rest) = [("table", "no such table: "), ("column", "no such column: ")]
        .into_iter()
        .find_map(|(what, start)| Some((what, detail.strip_prefix(start)?)))?;
    let name = rest.split(", at `").next().unwrap_or(rest);
    let name = name
        .strip_suffix(" - should this be a string literal in single-quotes?")
        .unwrap_or(name);
    Some((what, name.trim_matches('"').to_owned()))
}
