//! A product's SQLite database, opened to be read and nothing else.
//!
//! Promises: no byte of the database is written; a [`Snapshot`] is one moment, whatever the product
//! writes meanwhile; and the product's writers are never locked out for as long as an export takes.
//!
//! A database in WAL mode is read in place, because its readers do not block its writers. In every
//! other mode a reader holds a lock that writers wait for, so that the database is copied first, into
//! a private file without a name.
//!
//! The file is only ever opened through SQLite. Opening and closing it in any other way would drop
//! the POSIX locks of this process, with them those of other snapshots
//! (<https://sqlite.org/howtocorrupt.html>, 2.2).

mod copy;
mod patience;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use self::copy::Copying;
use self::patience::Patience;
use crate::error::SourceError;
use crate::snapshot::Snapshot;

/// How often twins are tried before one snapshot has to do: between two commits of a busy product there
/// is nearly always room for two reads.
const TWIN_TRIES: usize = 20;

/// Some of these read the schema, and so may meet a lock.
///
/// Bounds memory however large the database is: the page cache, and with it each sort, gets 4 MiB;
/// what does not fit goes to temporary files. Mapping the file would be no faster and would count as
/// memory of this process: `forward.rs` lets SQLite ask for mapped pages later, and gives it others.
const READING: &str = "
    PRAGMA query_only = on;
    PRAGMA cache_size = -4096;
    PRAGMA mmap_size = 0;
    PRAGMA temp_store = file;
    PRAGMA threads = 0;
";

/// Where the product's database is. Cheap to clone; every snapshot opens a connection of its own.
#[derive(Debug, Clone)]
pub struct Sqlite {
    path: PathBuf,
    scratch: PathBuf,
    patience: Patience,
}

impl Sqlite {
    /// Opens the database once to see that it can be read.
    pub fn open(path: &Path) -> Result<Sqlite, SourceError> {
        let sqlite = Sqlite {
            // An absolute path never starts with `file:`, which SQLite would read as a URI.
            path: std::path::absolute(path).unwrap_or_else(|_| path.to_owned()),
            scratch: std::env::temp_dir(),
            patience: Patience::default(),
        };
        look_at(&sqlite.path)?;
        let connection = sqlite.connect()?;
        sqlite.begin(&connection)?;
        Ok(sqlite)
    }

    /// Puts private copies into this folder instead of the system's one for temporary files.
    #[must_use]
    pub fn copying_into(mut self, folder: &Path) -> Sqlite {
        folder.clone_into(&mut self.scratch);
        self
    }

    /// Waits for locks no longer than this, instead of 5 seconds.
    #[must_use]
    pub fn waiting_at_most(mut self, time: Duration) -> Sqlite {
        self.patience = Patience::of(time);
        self
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Fixes one moment of the database: the one at which this returns. Not in WAL mode this copies
    /// the whole database first.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        look_at(&self.path)?;
        let connection = self.connect()?;
        self.begin(&connection)?;
        if is_wal(&connection, &self.path)? {
            return Ok(Snapshot::new(connection, &self.path));
        }
        let (path, folder, patience) = (&self.path, &self.scratch, self.patience);
        let copy = Copying {
            from: &connection,
            path,
            folder,
            patience,
        }
        .run()?;
        run(&copy, READING, &self.path)?;
        self.begin(&copy)?;
        Ok(Snapshot::new(copy, &self.path))
    }

    /// The same moment twice, for two threads; only once where that cannot be had.
    ///
    /// A third connection tells whether anybody committed while the two began: `PRAGMA data_version`
    /// changes with every commit of another connection (<https://sqlite.org/pragma.html#pragma_data_version>).
    pub fn twin_snapshots(&self) -> Result<Vec<Snapshot>, SourceError> {
        let observer = self.connect()?;
        if is_wal(&observer, &self.path)? {
            for _ in 0..TWIN_TRIES {
                let before = data_version(&observer, &self.path)?;
                let (one, two) = (self.glance()?, self.glance()?);
                if data_version(&observer, &self.path)? == before {
                    return Ok(vec![one, two]);
                }
            }
        }
        Ok(vec![self.snapshot()?])
    }

    /// The database as it is now, read in place in every mode: for a question that is answered in
    /// milliseconds. Not in WAL mode the product's writers wait as long as this lives.
    pub fn glance(&self) -> Result<Snapshot, SourceError> {
        look_at(&self.path)?;
        let connection = self.connect()?;
        self.begin(&connection)?;
        Ok(Snapshot::new(connection, &self.path))
    }

    fn connect(&self) -> Result<Connection, SourceError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
            // A connection stays with one thread at a time, which the borrow checker sees to.
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&self.path, flags)
            .map_err(|error| refused(&error, &self.path))?;
        harden(&connection)
            .map_err(|error| SourceError::from_sqlite(&error, &self.path, "open the database"))?;
        // Waiting is done by `Patience`.
        run(&connection, "PRAGMA busy_timeout = 0", &self.path)?;
        self.patience
            .until_unlocked(|| run(&connection, READING, &self.path))?;
        Ok(connection)
    }

    /// Starts a transaction and reads in it: only the first read fixes the snapshot.
    fn begin(&self, connection: &Connection) -> Result<(), SourceError> {
        run(connection, "BEGIN", &self.path)?;
        self.patience
            .until_unlocked(|| run(connection, "SELECT count(*) FROM sqlite_schema", &self.path))
    }
}

/// Makes SQLite strict about what a data map says and wary of what a schema says.
pub(crate) fn harden(connection: &Connection) -> rusqlite::Result<()> {
    // Otherwise "emial" in double quotes is not an unknown column but the text `emial`.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    Ok(())
}

/// A number that changes when another connection commits.
fn data_version(connection: &Connection, path: &Path) -> Result<i64, SourceError> {
    connection
        .query_row("PRAGMA data_version", (), |row| row.get(0))
        .map_err(|error| SourceError::from_sqlite(&error, path, "open the database"))
}

fn is_wal(connection: &Connection, path: &Path) -> Result<bool, SourceError> {
    let mode: String = connection
        .query_row("PRAGMA journal_mode", (), |row| row.get(0))
        .map_err(|error| SourceError::from_sqlite(&error, path, "open the database"))?;
    Ok(mode.eq_ignore_ascii_case("wal"))
}

fn run(connection: &Connection, sql: &str, path: &Path) -> Result<(), SourceError> {
    connection
        .execute_batch(sql)
        .map_err(|error| SourceError::from_sqlite(&error, path, "open the database"))
}

/// Says what is wrong with a path, without opening it.
fn look_at(path: &Path) -> Result<(), SourceError> {
    let path_buf = || path.to_owned();
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(SourceError::NotAFile { path: path_buf() }),
        // SQLite takes an empty file for a database without tables.
        Ok(found) if found.len() == 0 => Err(SourceError::NotADatabase { path: path_buf() }),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Err(SourceError::Denied { path: path_buf() })
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Err(SourceError::NotFound { path: path_buf() })
        }
        Err(error) => Err(SourceError::Io {
            purpose: "open the database".to_owned(),
            path: path_buf(),
            detail: error.to_string(),
        }),
    }
}

/// Why the file itself could not be opened, though it is there.
fn refused(error: &rusqlite::Error, path: &Path) -> SourceError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::CannotOpen) => SourceError::Denied {
            path: path.to_owned(),
        },
        _ => SourceError::from_sqlite(error, path, "open the database"),
    }
}
