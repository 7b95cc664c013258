//! Which records belong to the workspace, and which ids an extract has.
//!
//! Whether a record belongs is never decided by a hash: a file may go to a client. Hashes only say
//! whether a reference to a message resolves, and whether a gap is about a record that belongs.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::ids::IdSet;
use crate::section::Section;
use crate::verify::GapLine;

/// What belongs to one workspace.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Its id.
    pub workspace: Vec<u8>,
    /// Its threads, and their places in the tree.
    pub threads: HashMap<Vec<u8>, usize>,
    files: HashSet<Vec<u8>>,
    documents: HashSet<Vec<u8>>,
    /// Messages, memories and other records.
    others: [IdSet; Section::ALL.len()],
    /// References that the product itself has lost.
    dangling: IdSet,
    /// References that were taken out of the extract.
    taken_out: IdSet,
}

/// What a record says of where it belongs; ids as they are, without quotes and escapes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Belongings<'a> {
    pub id: &'a [u8],
    pub workspace: Option<&'a [u8]>,
    pub thread: Option<&'a [u8]>,
}

impl Selection {
    /// Whether a record belongs: the workspace itself, and what names it or one of its threads.
    pub fn holds(&self, section: Section, record: Belongings<'_>) -> bool {
        let in_thread = record
            .thread
            .is_some_and(|thread| self.threads.contains_key(thread));
        match section {
            Section::Workspaces => record.id == self.workspace,
            Section::Messages => in_thread,
            Section::FileContents => false,
            section if section.is_account_wide() => false,
            _ => in_thread || record.workspace == Some(&self.workspace),
        }
    }

    /// Remembers a record that belongs.
    pub fn add(&mut self, section: Section, id: &[u8]) -> io::Result<()> {
        match section {
            Section::UploadedFiles => {
                self.files.insert(id.to_vec());
            }
            Section::GeneratedDocuments => {
                self.documents.insert(id.to_vec());
            }
            // The tree gives threads their places.
            Section::Workspaces | Section::Threads => {}
            _ => self.others[section as usize].insert(id)?,
        }
        Ok(())
    }

    /// Whether a record with this id belongs.
    pub fn has(&mut self, section: Section, id: &[u8]) -> io::Result<bool> {
        Ok(match section {
            Section::Workspaces => id == self.workspace,
            Section::Threads => self.threads.contains_key(id),
            Section::UploadedFiles => self.files.contains(id),
            Section::GeneratedDocuments => self.documents.contains(id),
            _ => self.others[section as usize].contains(id)?,
        })
    }

    /// Whether a gap is about a record that belongs, or about none in particular.
    pub fn concerns(&mut self, gap: &GapLine) -> io::Result<bool> {
        match (&gap.id, Section::named(&gap.section)) {
            (None, _) => Ok(true),
            (Some(id), Some(section)) => self.has(section, id.as_bytes()),
            (Some(_), None) => Ok(false),
        }
    }

    /// Notes that the product has lost what a field refers to.
    pub fn note_dangling(&mut self, section: &str, id: &str, field: &str) -> io::Result<()> {
        self.dangling
            .insert(&key(section, id.as_bytes(), field.as_bytes()))
    }

    /// Whether the product has lost what a field refers to.
    pub fn is_dangling(&mut self, section: Section, id: &[u8], field: &str) -> io::Result<bool> {
        if self.dangling.is_empty() {
            return Ok(false);
        }
        self.dangling
            .contains(&key(section.name(), id, field.as_bytes()))
    }

    /// Notes that a reference was taken out.
    pub fn take_out(&mut self, section: Section, id: &[u8], field: &str) -> io::Result<()> {
        self.taken_out
            .insert(&key(section.name(), id, field.as_bytes()))
    }

    /// Whether a reference of this field was taken out.
    pub fn was_taken_out(&mut self, section: &str, id: &str, field: &str) -> io::Result<bool> {
        self.taken_out
            .contains(&key(section, id.as_bytes(), field.as_bytes()))
    }
}

/// A field of a record in one text; NUL stands in no section's and no field's name.
fn key(section: &str, id: &[u8], field: &[u8]) -> Vec<u8> {
    [section.as_bytes(), field, id].join(&0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_the_workspace_or_one_of_its_threads_belongs_and_nothing_of_the_account() {
        let mut selection = Selection {
            workspace: b"w".to_vec(),
            ..Selection::default()
        };
        selection.threads.insert(b"t".to_vec(), 0);
        let of = |workspace: Option<&'static str>, thread: Option<&'static str>| Belongings {
            id: b"x",
            workspace: workspace.map(str::as_bytes),
            thread: thread.map(str::as_bytes),
        };
        let holds = |section, record| selection.holds(section, record);
        assert!(holds(Section::UploadedFiles, of(Some("other"), Some("t"))));
        assert!(holds(Section::OtherRecords, of(Some("w"), Some("other"))));
        assert!(!holds(Section::OtherRecords, of(None, None)));
        assert!(!holds(Section::Messages, of(Some("w"), Some("other"))));
        for section in Section::ALL {
            let is_out = section.is_account_wide() || section == Section::FileContents;
            assert!(!is_out || !holds(section, of(Some("w"), Some("t"))));
        }
    }
}
