//! Why nothing was imported.

use std::io;

use carryall_bucket::BucketError;

use crate::check::MapProblem;
use crate::connect::ConnectError;
use crate::error::SourceError;
use crate::subject::SubjectError;

/// Nothing was imported: the database and the files are as they were.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The data map says so, or says nothing.
    #[error("import into {product}: {reason}")]
    Refused {
        /// The product.
        product: String,
        /// Why.
        reason: String,
    },
    /// The data map cannot be turned round on this database.
    #[error("import with this data map:{}", listed(.0))]
    Map(Vec<MapProblem>),
    /// Not one person of the database.
    #[error(transparent)]
    Person(#[from] SubjectError),
    /// The database or the files' folder.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The database.
    #[error(transparent)]
    Database(#[from] SourceError),
    /// The database may not be written.
    #[error("write to the database {database}: permission denied")]
    NotWritable {
        /// Its file.
        database: String,
    },
    /// The role may not write to a table.
    #[error("{purpose}: {detail}")]
    NotGranted {
        /// What was being done.
        purpose: String,
        /// The server's words.
        detail: String,
    },
    /// The disk is full.
    #[error("{purpose}: no room left in {place}")]
    NoRoom {
        /// What was being done.
        purpose: String,
        /// Where.
        place: String,
    },
    /// A restored file.
    #[error("write a file into {place}: {cause}")]
    File {
        /// The folder of files.
        place: String,
        /// Why.
        cause: io::Error,
    },
    /// A restored file's store.
    #[error("write files into {bucket}: {cause}")]
    Bucket {
        /// Its address.
        bucket: String,
        /// Why.
        cause: BucketError,
    },
    /// The file that is imported.
    #[error("read the export to its end")]
    Read(#[from] io::Error),
    /// It was sound when it was checked.
    #[error("the export was changed while it was being read")]
    Changed,
}

impl ImportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let advice = match self {
            ImportError::Refused { .. } => {
                "`carryall convert` writes what other programs read; docs/IMPORT.md says what an import needs"
            }
            ImportError::Map(_) => {
                "correct each line of the list; docs/DATA-MAP.md explains `on_import`"
            }
            ImportError::Person(SubjectError::Unknown { .. }) => {
                "people are never made: sign up in the product first, or name somebody with `--as`"
            }
            ImportError::Person(error) => return error.hint(),
            ImportError::Connect(error) => return error.hint(),
            ImportError::Database(SourceError::Sql { .. }) => {
                "the database refused it: look at its triggers and rules; nothing was changed"
            }
            ImportError::Database(SourceError::Lost { .. }) => {
                "import again: nothing is ever imported twice"
            }
            ImportError::Database(error) => return error.hint(),
            ImportError::NotWritable { .. } => {
                "let this account write the file and its folder, where SQLite keeps its journal"
            }
            ImportError::NotGranted { .. } => {
                "let the role SELECT, INSERT and UPDATE the tables that the data map imports into"
            }
            ImportError::NoRoom { .. } => "make room and import again: nothing was left behind",
            ImportError::File { .. } => {
                "check the path after `--files`, its rights, and the room on the disk"
            }
            ImportError::Bucket { .. } => {
                "check the address after `--files`, and whether the store runs; its key needs s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload"
            }
            ImportError::Read(_) => return None,
            ImportError::Changed => "wait until nothing writes to the file, and import again",
        };
        Some(advice.to_owned())
    }
}

fn listed(problems: &[MapProblem]) -> String {
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    lines.concat()
}
