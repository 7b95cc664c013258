//! What a product is connected by: its database and its files.

use std::num::NonZeroU8;
use std::path::Path;
use std::time::Duration;

use crate::error::SourceError;
use crate::files::{FileError, FilePlace, FileStore};
use crate::postgres::{Claims, Postgres};
use crate::snapshot::Snapshot;
use crate::sqlite::Sqlite;

/// Why a product could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its database.
    #[error(transparent)]
    Database(#[from] SourceError),
    /// Its files.
    #[error(transparent)]
    Files(#[from] FileError),
}

impl ConnectError {
    /// Advice for who runs the program.
    pub fn hint(&self) -> Option<String> {
        match self {
            ConnectError::Database(error) => error.hint(),
            ConnectError::Files(error) => error.hint(),
        }
    }
}

/// How much of a database's server an export may take.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Connections of one export to a server. With one, everything is read in turn.
    pub connections: NonZeroU8,
    /// How long an export may hold its moment of the database.
    pub max_duration: Option<Duration>,
    /// Statements that every engine with PostgreSQL's protocol has, and one connection: cursors instead of
    /// portals, and no snapshot that is shared.
    pub is_plain: bool,
    /// What a server's row-level security is told of the person; without it a policy that filters is an error.
    pub claims: Option<Claims>,
}

impl Default for Reading {
    fn default() -> Reading {
        Reading {
            connections: NonZeroU8::MIN.saturating_add(1),
            max_duration: None,
            is_plain: false,
            claims: None,
        }
    }
}

/// Where a product's data is.
#[derive(Clone, Default)]
pub struct SourceOptions {
    /// `sqlite:PATH` or `postgres://USER@HOST/DATABASE`.
    pub database: String,
    /// For a server, when the address has none.
    pub password: Option<String>,
    /// The schemas that the data map speaks of; PostgreSQL's `public` when there are none.
    pub schemas: Vec<String>,
    /// Where uploaded files are.
    pub files: Option<FilePlace>,
    /// How it is read.
    pub reading: Reading,
}

/// A product's database and files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    database: Database,
    files: Option<FileStore>,
    reading: Reading,
}

#[derive(Debug, Clone)]
enum Database {
    Sqlite(Sqlite),
    Postgres(Box<Postgres>),
}

impl Database {
    fn open(options: &SourceOptions) -> Result<Database, SourceError> {
        let address = &options.database;
        if ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
        {
            let password = options.password.as_deref();
            let postgres = Postgres::open(address, password, &options.schemas, &options.reading)?;
            return Ok(Database::Postgres(Box::new(postgres)));
        }
        let path = address
            .strip_prefix("sqlite:")
            .ok_or_else(|| SourceError::UnknownAddress {
                address: without_password(address),
            })?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Ok(Database::Sqlite(Sqlite::open(Path::new(path))?))
    }
}

impl Source {
    /// Opens both once, to see that they can be read.
    pub fn connect(options: &SourceOptions) -> Result<Source, ConnectError> {
        let database = Database::open(options)?;
        let files = options.files.as_ref().map(FileStore::open_place);
        let files = files.transpose()?;
        Ok(Source {
            database,
            files,
            reading: options.reading.clone(),
        })
    }

    /// Fixes one moment of the database.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.snapshot(),
            Database::Postgres(postgres) => postgres.snapshot(),
        }
    }

    /// One moment of the database for the export of the person with this key, for as many threads as can have it
    /// and may: one at least.
    pub fn snapshots(&self, key: &str) -> Result<Vec<Snapshot>, SourceError> {
        match &self.database {
            Database::Sqlite(sqlite) if self.reading.connections > NonZeroU8::MIN => {
                sqlite.twin_snapshots()
            }
            Database::Sqlite(sqlite) => Ok(vec![sqlite.snapshot()?]),
            Database::Postgres(postgres) => postgres.snapshots(key),
        }
    }

    /// Whether row-level security is told whose rows it is to let through.
    pub(crate) fn has_claims(&self) -> bool {
        self.reading.claims.is_some()
    }

    /// How long an export may hold its moment.
    pub(crate) fn max_duration(&self) -> Option<Duration> {
        self.reading.max_duration
    }

    /// The database as it is now, for a short look: who asks, how much there is.
    pub fn glance(&self) -> Result<Snapshot, SourceError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.glance(),
            Database::Postgres(postgres) => postgres.snapshot(),
        }
    }

    /// The file store, if one is configured.
    #[must_use]
    pub fn files(&self) -> Option<&FileStore> {
        self.files.as_ref()
    }
}

/// An address that may be shown.
pub fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://…{}", &address[..scheme], &address[at..])
        }
        _ => address.to_owned(),
    }
}
