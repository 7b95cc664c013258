//! Why an export did not end well.

use carryall_format::write::WriteError;

use crate::check::MapProblem;
use crate::error::SourceError;
use crate::files::FileError;
use crate::plan::PlanError;

/// Why an export did not end well. Nothing that it wrote may be kept.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The database could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The data map names what the database does not have.
    #[error("the data map does not fit this database:\n{}", list(.problems))]
    MapDoesNotFit {
        /// What is missing.
        problems: Vec<MapProblem>,
    },
    /// The data map cannot be run.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The file could not be written, or a row was not the person's.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// No such workspace among the person's.
    #[error("the account has no workspace `{id}`")]
    UnknownWorkspace {
        /// What was asked for.
        id: String,
    },
    /// The place of files does not answer, or not to us.
    #[error(transparent)]
    Files(#[from] FileError),
    /// Files are mapped, and nobody said where they are.
    #[error("the place of the product's files is not known")]
    NoFileStore,
    /// Somebody asked to stop.
    #[error("the export was cancelled")]
    Cancelled,
}

impl ExportError {
    /// Whether it may end well when it is tried again: see [`SourceError::may_pass`].
    #[must_use]
    pub fn may_pass(&self, was_there: bool) -> bool {
        matches!(self, ExportError::Source(error) if error.may_pass(was_there))
    }

    /// Advice for who runs the program.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            ExportError::Source(error) => error.hint(),
            ExportError::Files(error) => error.hint(),
            ExportError::MapDoesNotFit { .. } => Some(
                "is this the product's database? After an upgrade of the product, run `carryall coverage` and mend the map".to_owned(),
            ),
            ExportError::UnknownWorkspace { .. } => {
                Some("`--workspace` takes an id as it stands under `workspaces` in a full export".to_owned())
            }
            ExportError::Write(WriteError::NotTheOwner { .. } | WriteError::NotTheParent { .. }) => {
                Some("the entry's `owner`, `parent`, `where` or `query` in the data map lets other people's rows through".to_owned())
            }
            ExportError::NoFileStore => Some(
                "name it with `--files PLACE`, or leave the bytes out with `--without-file-contents`".to_owned(),
            ),
            _ => None,
        }
    }
}

fn list(problems: &[MapProblem]) -> String {
    problems
        .iter()
        .map(|problem| format!("  {problem}"))
        .collect::<Vec<_>>()
        .join("\n")
}
