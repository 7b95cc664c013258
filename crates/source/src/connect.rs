//! What a product is connected by: its database and its files.

use std::path::{Path, PathBuf};

use crate::error::SourceError;
use crate::files::{FileError, FileStore};
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
#[derive(Debug, Clone)]
pub struct SourceOptions {
    /// `sqlite:PATH`.
    pub database: String,
    /// The folder that holds uploaded files.
    pub files: Option<PathBuf>,
}

/// A product's database and files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    database: Sqlite,
    files: Option<FileStore>,
}

impl Source {
    /// Opens both once, to see that they can be read.
    pub fn connect(options: &SourceOptions) -> Result<Source, ConnectError> {
        let path = options.database.strip_prefix("sqlite:").ok_or_else(|| {
            SourceError::UnknownAddress {
                address: without_password(&options.database),
            }
        })?;
        let database = Sqlite::open(Path::new(path.strip_prefix("//").unwrap_or(path)))?;
        let files = options.files.as_deref().map(FileStore::local).transpose()?;
        Ok(Source { database, files })
    }

    /// Fixes one moment of the database.
    pub fn snapshot(&self) -> Result<Snapshot, SourceError> {
        self.database.snapshot()
    }

    /// One moment of the database for two threads, where that can be had.
    pub fn twin_snapshots(&self) -> Result<(Snapshot, Option<Snapshot>), SourceError> {
        self.database.twin_snapshots()
    }

    /// The database as it is now, for a short look: who asks, how much there is.
    pub fn glance(&self) -> Result<Snapshot, SourceError> {
        self.database.glance()
    }

    /// The file store, if one is configured.
    #[must_use]
    pub fn files(&self) -> Option<&FileStore> {
        self.files.as_ref()
    }
}

/// An address that may be shown.
fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => {
            format!("{}://…{}", &address[..scheme], &address[at..])
        }
        _ => address.to_owned(),
    }
}
