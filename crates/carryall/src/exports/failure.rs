//! What can go wrong with an export, and the plain words for it: the only place that has them.

use std::io;

use crate::ledger::LedgerError;
use crate::product::ProductError;

/// Why an export ended without a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Not enough space for the file.
    DiskFull,
    /// The place for finished files cannot be written.
    StorageUnwritable,
    /// The store for finished files does not answer.
    StorageAway,
    /// The key that signs exports cannot be read.
    KeyUnreadable,
    /// The product's database stayed busy.
    DatabaseBusy,
    /// The product's database is gone or cannot be read.
    DatabaseUnavailable,
    /// The place of the product's files does not answer.
    FilesUnavailable,
    /// Reading took longer than the product's database may be held.
    TooLong,
    /// The account is gone or disabled.
    AccountClosed,
    /// The chosen workspace is not there.
    WorkspaceGone,
    /// A check stopped the export before anything wrong could leave.
    CheckFailed,
    /// Begun several times and never finished.
    Interrupted,
    /// The finished file is not what was written any more.
    ArtifactDamaged,
}

impl Failure {
    /// All of them, in the order in which they stand above.
    pub const ALL: [Failure; 13] = [
        Failure::DiskFull,
        Failure::StorageUnwritable,
        Failure::StorageAway,
        Failure::KeyUnreadable,
        Failure::DatabaseBusy,
        Failure::DatabaseUnavailable,
        Failure::FilesUnavailable,
        Failure::TooLong,
        Failure::AccountClosed,
        Failure::WorkspaceGone,
        Failure::CheckFailed,
        Failure::Interrupted,
        Failure::ArtifactDamaged,
    ];

    /// Whether it may be over in a minute, by itself or because somebody mends it: the export is tried again
    /// for a while, and the person waits.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Failure::DiskFull
                | Failure::StorageAway
                | Failure::DatabaseBusy
                | Failure::DatabaseUnavailable
                | Failure::FilesUnavailable
        )
    }

    /// The word in the ledger and in the log.
    pub const fn code(self) -> &'static str {
        match self {
            Failure::DiskFull => "disk_full",
            Failure::StorageUnwritable => "storage_unwritable",
            Failure::StorageAway => "storage_away",
            Failure::KeyUnreadable => "key_unreadable",
            Failure::DatabaseBusy => "database_busy",
            Failure::DatabaseUnavailable => "database_unavailable",
            Failure::FilesUnavailable => "files_unavailable",
            Failure::TooLong => "too_long",
            Failure::AccountClosed => "account_closed",
            Failure::WorkspaceGone => "workspace_gone",
            Failure::CheckFailed => "check_failed",
            Failure::Interrupted => "interrupted",
            Failure::ArtifactDamaged => "artifact_damaged",
        }
    }

    /// The failure with this code; a code from another version is one that a check found.
    pub fn named(code: &str) -> Failure {
        Failure::ALL
            .into_iter()
            .find(|failure| failure.code() == code)
            .unwrap_or(Failure::CheckFailed)
    }

    /// What happened, for the person.
    pub const fn what_happened(self) -> &'static str {
        match self {
            Failure::DiskFull => {
                "There is not enough free space on our side to write your export. \
                 An export without file contents needs much less."
            }
            Failure::StorageUnwritable => {
                "The place where finished exports are kept cannot be written."
            }
            Failure::StorageAway => {
                "The place where finished exports are kept did not answer for too long. This usually passes in a minute."
            }
            Failure::KeyUnreadable => "The key that your export is signed with cannot be read.",
            Failure::DatabaseBusy => {
                "The database with your data was busy for too long. This usually passes in a minute."
            }
            Failure::DatabaseUnavailable => {
                "The database with your data cannot be reached at the moment."
            }
            Failure::FilesUnavailable => {
                "The place where your uploaded files are kept cannot be reached at the moment."
            }
            Failure::TooLong => {
                "Reading your data took longer than our database allows. An export of one workspace, or without file contents, takes less time."
            }
            Failure::AccountClosed => {
                "This account is closed or disabled, so nothing can be exported."
            }
            Failure::WorkspaceGone => {
                "The workspace that you chose is not there any more. Choose another one, or everything."
            }
            Failure::CheckFailed => {
                "A safety check stopped the export before anything wrong could get into your file."
            }
            Failure::Interrupted => {
                "The export was interrupted several times and did not get to its end."
            }
            Failure::ArtifactDamaged => {
                "Your finished export was damaged on our side, so it was removed. What was downloaded of it is not whole. Please ask for it again."
            }
        }
    }

    /// What a failed question to the product means for an export.
    pub fn of(error: &ProductError) -> Failure {
        if is_disk_full(error) {
            return Failure::DiskFull;
        }
        match error {
            ProductError::Busy(_) => Failure::DatabaseBusy,
            ProductError::Unavailable(_) => Failure::DatabaseUnavailable,
            ProductError::FilesUnavailable(_) => Failure::FilesUnavailable,
            ProductError::TooLong(_) => Failure::TooLong,
            ProductError::NoAccount => Failure::AccountClosed,
            ProductError::NoWorkspace => Failure::WorkspaceGone,
            ProductError::Output(_) if is_storage_away(error) => Failure::StorageAway,
            ProductError::Output(_) => Failure::StorageUnwritable,
            ProductError::Cancelled => Failure::Interrupted,
            ProductError::Refused(_) => Failure::CheckFailed,
        }
    }
}

/// Whether there is an end of disk space anywhere below this error.
pub fn is_disk_full(error: &(dyn std::error::Error + 'static)) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    has_kind(error, |kind| matches!(kind, StorageFull | QuotaExceeded))
}

/// Whether it is a store that does not answer: it may, in a minute.
pub fn is_storage_away(error: &(dyn std::error::Error + 'static)) -> bool {
    has_kind(error, |kind| kind == io::ErrorKind::NotConnected)
}

fn has_kind(
    error: &(dyn std::error::Error + 'static),
    is_it: impl Fn(io::ErrorKind) -> bool,
) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| is_it(error.kind()))
}

/// Why an export could not be asked for, or its file not be had.
#[derive(Debug, thiserror::Error)]
pub enum ExportsError {
    /// The ledger does not answer.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The product does not answer.
    #[error(transparent)]
    Product(#[from] ProductError),
    /// The artifact store does not answer.
    #[error("read or write finished exports: {0}")]
    Artifacts(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_is_found_by_its_code_and_has_plain_words() {
        for failure in Failure::ALL {
            assert_eq!(Failure::named(failure.code()), failure);
            let words = failure.what_happened();
            assert!(words.ends_with('.') && !words.contains("error"), "{words}");
        }
        assert_eq!(Failure::named("from a newer version"), Failure::CheckFailed);
    }

    #[test]
    fn a_full_disk_is_told_from_an_unwritable_one_however_deep_it_is_wrapped() {
        let full = || Box::new(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(
            Failure::of(&ProductError::Output(full())),
            Failure::DiskFull
        );
        assert_eq!(
            Failure::of(&ProductError::Unavailable(full())),
            Failure::DiskFull
        );
        let denied = Box::new(io::Error::from(io::ErrorKind::PermissionDenied));
        assert_eq!(
            Failure::of(&ProductError::Output(denied)),
            Failure::StorageUnwritable
        );
    }
}
