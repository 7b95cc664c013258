//! The bytes of files and documents, read after the rows.
//!
//! What cannot be read, or has changed since the database described it, is a gap; everything else is
//! still delivered.

use std::io::Read;

use carryall_format::gap::{Gap, GapCode};
use carryall_format::write::{Reference, WrittenContents, hex};

use super::ExportError;
use super::run::{Run, read};
use crate::files::{FileError, object_key};
use crate::plan::{ContentsPlan, EntryPlan};
use crate::record::as_text;
use crate::snapshot::Row;

impl Run<'_> {
    pub(super) fn write_file_contents(&mut self) -> Result<(), ExportError> {
        let plan = self.plan;
        for entry in plan.entries.iter().filter(|entry| entry.contents.is_some()) {
            let mut rows = self.snapshot.prepare_for(&read(entry), &entry.in_order)?;
            rows.for_each(&[self.subject.key.value()], |row| {
                self.write_contents_of(entry, row)
            })?;
        }
        Ok(())
    }

    fn write_contents_of(&mut self, entry: &EntryPlan, row: &Row<'_>) -> Result<(), ExportError> {
        let id = as_text(row.value(entry.id));
        if self.writer.resolve(entry.section, &id)? != Reference::Included {
            return Ok(());
        }
        match &entry.contents {
            Some(ContentsPlan::Stored(place, content)) => {
                let value = row.value(*place);
                if value.is_null() {
                    return Ok(());
                }
                let key = object_key(content, &String::from_utf8_lossy(&as_text(value)));
                let key = key.unwrap_or_default();
                let Some(files) = self.files else {
                    return Err(ExportError::NoFileStore);
                };
                let opened = files.open(&key);
                match opened {
                    Ok(mut file) => {
                        self.copy_contents(entry, row, &id, &mut file)?;
                        // Not a gap: the file is whole, and another try finds it so.
                        if let Some(failure) = file.store_failure() {
                            return Err(failure.into());
                        }
                        if file.is_unchanged() {
                            Ok(())
                        } else {
                            self.note_changed(entry, &id)
                        }
                    }
                    Err(error) => self.note_unreadable(entry, &id, error),
                }
            }
            Some(ContentsPlan::Blob {
                table,
                column,
                place,
                value,
            }) => {
                if row.value(*value).is_null() {
                    return Ok(());
                }
                let place = row.value(*place);
                let mut blob = self.snapshot.open_blob(table, column, place)?;
                self.copy_contents(entry, row, &id, &mut blob)?;
                // A file may be missing and is a gap. A database that fails in between is none.
                blob.failure().map_or(Ok(()), |error| Err(error.into()))
            }
            Some(ContentsPlan::Value(place)) => match row.value(*place).bytes() {
                Some(bytes) => self.copy_contents(entry, row, &id, bytes),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn copy_contents(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
        id: &[u8],
        contents: impl Read,
    ) -> Result<(), ExportError> {
        let is_cancelled = std::cell::Cell::new(false);
        let progress = self.progress();
        let written = self
            .writer
            .write_contents(entry.section, id, contents, |_bytes| {
                is_cancelled.set(progress.is_cancelled());
                !is_cancelled.get()
            })?;
        if is_cancelled.get() {
            return Err(ExportError::Cancelled);
        }
        self.count_contents();
        self.compare_contents(entry, row, id, &written)
    }

    /// Holds what was read against what the database says.
    fn compare_contents(
        &mut self,
        entry: &EntryPlan,
        row: &Row<'_>,
        id: &[u8],
        written: &WrittenContents,
    ) -> Result<(), ExportError> {
        if let Some(failure) = &written.failure {
            let reason = format!(
                "reading stopped after {} bytes: {failure}",
                written.size_bytes
            );
            return self.contents_gap(GapCode::ObjectIncomplete, entry, id, reason);
        }
        let stated = entry.text_of(entry.places.size, row);
        let size = written.size_bytes.to_string();
        if let Some(stated) = stated.filter(|stated| **stated != *size.as_bytes()) {
            let stated = String::from_utf8_lossy(&stated).into_owned();
            let reason = format!("the file has {size} bytes, the product's database says {stated}");
            return self.contents_gap(GapCode::ObjectChanged, entry, id, reason);
        }
        let digest = hex(&written.sha256);
        let stated = entry.text_of(entry.places.sha256, row);
        if stated.is_some_and(|stated| !stated.eq_ignore_ascii_case(digest.as_bytes())) {
            let reason =
                "the file's SHA-256 differs from the one in the product's database".to_owned();
            return self.contents_gap(GapCode::ObjectChanged, entry, id, reason);
        }
        Ok(())
    }

    fn note_changed(&mut self, entry: &EntryPlan, id: &[u8]) -> Result<(), ExportError> {
        let reason = "the file was changed while it was being read".to_owned();
        self.contents_gap(GapCode::ObjectChanged, entry, id, reason)
    }

    /// A file that cannot be had is a gap; a place of files that cannot be had is the end.
    fn note_unreadable(
        &mut self,
        entry: &EntryPlan,
        id: &[u8],
        error: FileError,
    ) -> Result<(), ExportError> {
        // Never the key: where a file lies may be withheld.
        let (code, reason) = match &error {
            FileError::Missing { .. } => (
                GapCode::MissingObject,
                "the file is no longer in the product's file store".to_owned(),
            ),
            FileError::Denied { .. } => (
                GapCode::AccessDenied,
                "the product's file store refused to hand the file out".to_owned(),
            ),
            FileError::NotAFile { .. } => (
                GapCode::MissingObject,
                "what stands in its place in the file store is not a file".to_owned(),
            ),
            FileError::Outside { .. } => (
                GapCode::MissingObject,
                "the product's database points out of the file store, or to a link".to_owned(),
            ),
            FileError::Invalid { why, .. } => (
                GapCode::MissingObject,
                format!("the product's database does not say where the file lies: {why}"),
            ),
            FileError::Read { cause, .. } => (
                GapCode::MissingObject,
                format!("the file could not be opened: {cause}"),
            ),
            FileError::Root { .. } | FileError::Bucket { .. } => return Err(error.into()),
        };
        self.contents_gap(code, entry, id, reason)
    }

    fn contents_gap(
        &mut self,
        code: GapCode,
        entry: &EntryPlan,
        id: &[u8],
        reason: String,
    ) -> Result<(), ExportError> {
        let id = Some(String::from_utf8_lossy(id).into_owned());
        Ok(self.writer.gap(Gap {
            code,
            section: entry.section,
            id,
            field: None,
            reason,
        })?)
    }
}
