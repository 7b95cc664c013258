//! What could not be delivered as it was, said in the file itself.

use std::io::{self, Read, Seek, SeekFrom, Write};

use serde::Serialize;

use crate::section::Section;

/// Why something is missing or was changed. The list is closed within a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCode {
    /// The file store has nothing under the key.
    MissingObject,
    /// The bytes differ from what the database says of them.
    ObjectChanged,
    /// Reading stopped before the end.
    ObjectIncomplete,
    /// Invalid UTF-8 became U+FFFD.
    InvalidUtf8,
    /// A Unicode noncharacter became U+FFFD (RFC 7493 section 2.1).
    Noncharacter,
    /// NaN or an infinity became null.
    NotFinite,
    /// A number that a reader could round is a string (RFC 7493 section 2.2).
    NumberAsString,
    /// A JSON column could not be read as JSON.
    InvalidJson,
    /// A time could not be read.
    BadTimestamp,
    /// A reference names a record that the product no longer has.
    DanglingReference,
    /// The database has a column that the data map does not name.
    UnmappedColumn,
    /// A JSON column has a key that the data map does not name.
    UnmappedKey,
    /// Deleted by the retention that the person set.
    DeletedByRetention,
    /// The product's storage refused to hand it out.
    AccessDenied,
}

impl GapCode {
    /// Every code.
    pub const ALL: [GapCode; 14] = [
        GapCode::MissingObject,
        GapCode::ObjectChanged,
        GapCode::ObjectIncomplete,
        GapCode::InvalidUtf8,
        GapCode::Noncharacter,
        GapCode::NotFinite,
        GapCode::NumberAsString,
        GapCode::InvalidJson,
        GapCode::BadTimestamp,
        GapCode::DanglingReference,
        GapCode::UnmappedColumn,
        GapCode::UnmappedKey,
        GapCode::DeletedByRetention,
        GapCode::AccessDenied,
    ];

    /// The word in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            GapCode::MissingObject => "missing_object",
            GapCode::ObjectChanged => "object_changed",
            GapCode::ObjectIncomplete => "object_incomplete",
            GapCode::InvalidUtf8 => "invalid_utf8",
            GapCode::Noncharacter => "noncharacter",
            GapCode::NotFinite => "not_finite",
            GapCode::NumberAsString => "number_as_string",
            GapCode::InvalidJson => "invalid_json",
            GapCode::BadTimestamp => "bad_timestamp",
            GapCode::DanglingReference => "dangling_reference",
            GapCode::UnmappedColumn => "unmapped_column",
            GapCode::UnmappedKey => "unmapped_key",
            GapCode::DeletedByRetention => "deleted_by_retention",
            GapCode::AccessDenied => "access_denied",
        }
    }

    /// The code with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<GapCode> {
        GapCode::ALL.into_iter().find(|code| code.name() == name)
    }
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What happened.
    pub code: GapCode,
    /// In which section.
    #[serde(serialize_with = "section_name")]
    pub section: Section,
    /// In which record; null when it concerns the section as a whole.
    pub id: Option<String>,
    /// In which field.
    pub field: Option<String>,
    /// What it means, in plain words.
    pub reason: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn section_name<S: serde::Serializer>(section: &Section, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(section.name())
}

/// Gaps of one export in the order met, in constant memory: past 1 MiB they wait in an unnamed file.
#[derive(Debug, Default)]
pub(crate) struct GapSpool {
    lines: Vec<u8>,
    overflow: Option<std::fs::File>,
    count: u64,
    first: Vec<Gap>,
}

/// How many gaps are handed back beside the file, for a page or a terminal.
const KEPT_FOR_REPORT: usize = 1000;
const SPOOL_BYTES: usize = 1 << 20;

impl GapSpool {
    pub(crate) fn push(&mut self, gap: Gap) -> io::Result<()> {
        self.lines
            .extend_from_slice(if self.count == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut self.lines, &gap)?;
        self.count += 1;
        if self.first.len() < KEPT_FOR_REPORT {
            self.first.push(gap);
        }
        if self.lines.len() >= SPOOL_BYTES {
            let file = match &mut self.overflow {
                Some(file) => file,
                none => none.insert(tempfile::tempfile()?),
            };
            file.write_all(&self.lines)?;
            self.lines.clear();
        }
        Ok(())
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Hands every line to `write`, in order, and returns the first ones.
    pub(crate) fn drain(
        mut self,
        mut write: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Vec<Gap>> {
        if let Some(mut file) = self.overflow.take() {
            file.seek(SeekFrom::Start(0))?;
            let mut chunk = vec![0; 64 << 10];
            loop {
                let read = file.read(&mut chunk)?;
                if read == 0 {
                    break;
                }
                write(&chunk[..read])?;
            }
        }
        write(&self.lines)?;
        Ok(self.first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(number: u64) -> Gap {
        Gap {
            code: GapCode::MissingObject,
            section: Section::UploadedFiles,
            id: Some(format!("file-{number}")),
            field: None,
            reason: "the file is not in the file store".to_owned(),
        }
    }

    #[test]
    fn a_hundred_thousand_gaps_come_back_in_order_from_the_overflow() {
        let mut spool = GapSpool::default();
        for number in 0..100_000 {
            spool.push(gap(number)).unwrap();
        }
        assert!(spool.overflow.is_some() && spool.lines.len() < SPOOL_BYTES);
        let mut lines = Vec::new();
        let first = spool.drain(|bytes| lines.write_all(bytes)).unwrap();
        assert_eq!(first.len(), KEPT_FOR_REPORT);
        let list: Vec<serde_json::Value> =
            serde_json::from_slice(&[b"[", lines.as_slice(), b"]"].concat()).unwrap();
        assert_eq!(list.len(), 100_000);
        assert_eq!(list[99_999]["id"], "file-99999");
    }

    #[test]
    fn every_code_is_spelled_alike_by_name_and_by_serde() {
        for code in GapCode::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
