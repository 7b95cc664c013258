//! Reads rows of the ledger; a cell that cannot be read is named.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::sql::Row;
use super::{Artifact, Export, ExportId, LedgerError, Progress, Protection, Status, SubjectKey};
use crate::product::Scope;

impl Export {
    /// Reads one row of `exports`; a cell that cannot be is named.
    pub(super) fn from_row(row: &Row<'_>) -> Result<Export, LedgerError> {
        Ok(Export {
            id: parsed(row, "id")?,
            subject_key: SubjectKey(row.get("subject_key")?),
            scope: Scope {
                workspace: row.get("workspace_id")?,
                since: time(row, "since")?,
                until: time(row, "until")?,
                file_contents: row.get("file_contents")?,
            },
            status: Status::named(&row.get::<String>("status")?)
                .ok_or_else(|| unreadable("status", "an unknown status"))?,
            attempt: row.get("attempt")?,
            progress: Progress {
                section: row.get("section")?,
                records: row.get("records")?,
                bytes: row.get("bytes")?,
                expected_bytes: row.get("expected_bytes")?,
            },
            protection: Protection::from_row(row)?,
            is_by_letter: row.get::<Option<String>>("letter_id")?.is_some(),
            artifact: Artifact::from_row(row)?,
            failure: row.get("failure")?,
            created_at: time(row, "created_at")?.unwrap_or(Timestamp::UNIX_EPOCH),
            finished_at: time(row, "finished_at")?,
            expires_at: time(row, "expires_at")?,
            downloaded_at: time(row, "downloaded_at")?,
        })
    }
}

pub(super) fn time(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, LedgerError> {
    row.get::<Option<i64>>(column)?
        .map(|millisecond| {
            Timestamp::from_millisecond(millisecond).map_err(|_| unreadable(column, "not a time"))
        })
        .transpose()
}

pub(super) fn counts(
    row: &Row<'_>,
    column: &str,
) -> Result<Option<BTreeMap<String, u64>>, LedgerError> {
    row.get::<Option<String>>(column)?
        .map(|json| serde_json::from_str(&json).map_err(|_| unreadable(column, "not JSON")))
        .transpose()
}

pub(super) fn parsed(row: &Row<'_>, column: &str) -> Result<ExportId, LedgerError> {
    row.get::<String>(column)?
        .parse()
        .map_err(|_| unreadable(column, "not a UUID"))
}

pub(super) fn unreadable(column: &str, what: &'static str) -> LedgerError {
    LedgerError::Unreadable {
        column: column.to_owned(),
        what,
    }
}
