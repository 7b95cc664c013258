//! Why a workspace could not be traced, or not be cut out.

use std::io;

use super::find::WorkspaceName;
use crate::write::WriteError;

/// Why a workspace could not be traced, or not be cut out.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The input cannot be read.
    #[error("the export could not be read to its end")]
    Read(#[from] io::Error),
    /// Something else than an export.
    #[error("this is no export")]
    NotAnExport,
    /// A version that this program does not know.
    #[error("the export is of version {version}, which this program does not know")]
    UnsupportedVersion {
        /// As the file says.
        version: u64,
    },
    /// No workspace has this id or name.
    #[error("the export has no workspace `{wanted}`")]
    NoSuchWorkspace {
        /// What was asked for.
        wanted: String,
        /// Those that come nearest, or the first ones.
        known: Vec<WorkspaceName>,
        /// How many others there are.
        others: usize,
    },
    /// Several workspaces have this name.
    #[error("the export has several workspaces with the name `{wanted}`")]
    SeveralWorkspaces {
        /// What was asked for.
        wanted: String,
        /// The first ones of them.
        known: Vec<WorkspaceName>,
        /// How many others there are.
        others: usize,
    },
    /// A pipe can be read once only.
    #[error(
        "another program has put the sections of the export in another order, in which a pipe cannot be read"
    )]
    OutOfOrder,
    /// An extract of a damaged file would look as if it were whole.
    #[error("nothing can be cut from an export that is not sound ({finding})")]
    NotSound {
        /// The first thing that is wrong with it.
        finding: String,
    },
    /// This program would leave out what it does not know.
    #[error(
        "the export is of revision {revision}: this program could leave out what it does not know"
    )]
    NewerRevision {
        /// As the file says.
        revision: u64,
    },
    /// It was sound when it was checked.
    #[error("the export was changed while it was being read")]
    Changed,
    /// The extract could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl TraceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            TraceError::NotAnExport => {
                Some("name the .json file as it was downloaded; `carryall verify` says more")
            }
            TraceError::UnsupportedVersion { .. } | TraceError::NewerRevision { .. } => {
                Some("use a newer carryall")
            }
            TraceError::NoSuchWorkspace { known, .. } if known.is_empty() => {
                Some("the export holds no workspace at all; `carryall verify` says what it holds")
            }
            TraceError::NoSuchWorkspace { .. } => Some("give one of these ids or names"),
            TraceError::SeveralWorkspaces { .. } => Some("give the id of the one that you mean"),
            TraceError::OutOfOrder => Some("save the export to a file, and name the file"),
            TraceError::NotSound { .. } => Some(
                "run `carryall verify`: it says what is wrong with the file; download the export again",
            ),
            TraceError::Changed => Some("wait until nothing writes to the file, and try again"),
            TraceError::Read(_) | TraceError::Write(_) => None,
        }
    }
}
