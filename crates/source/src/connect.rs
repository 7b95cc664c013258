//! What a product is connected by: its database and its files.

use std::path::Path;

use crate::error::SourceError;
use crate::files::{FileError, FilePlace, FileStore};
use crate::postgres::Postgres;
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
}

/// A product's database and files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    database: Database,
    files: Option<FileStore>,
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
            let postgres = Postgres::open(address, password, &options.schemas)?;
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
        Ok(Source { database, files })
    }

    /// Fixes one moment of the database.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.snapshot(),
            Database::Postgres(postgres) => postgres.snapshot(),
        }
    }

    /// One moment of the database for two threads, where that can be had.
    pub fn twin_snapshots(&self) -> Result<(Snapshot, Option<Snapshot>), SourceError> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.twin_snapshots(),
            Database::Postgres(postgres) => postgres.twin_snapshots(),
        }
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
