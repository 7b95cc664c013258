//! What becomes of each id of the file.
//!
//! Promises: an id that is free is kept; one that somebody else's row has becomes a UUIDv5 of the target person, the
//! section and the id, so that the next import of the same file finds the row of this one. Seventeen bytes are kept
//! for each record: a hash and what becomes of it, never the id. Two ids share a hash with a chance of one in 10²⁵ for a million
//! records.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use carryall_format::section::Section;

use super::columns::{ColumnPlan, ColumnType};
use crate::made_id::made_id;

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It gets a row with its own id.
    Added,
    /// It gets a row with another id.
    Remapped,
    /// Its row is there already.
    Kept,
    /// Its row is there already, with another id.
    KeptRemapped,
    /// It gets no row.
    Nothing,
}

impl Fate {
    /// Whether a row is to be written.
    pub(super) fn is_new(self) -> bool {
        matches!(self, Fate::Added | Fate::Remapped)
    }
}

/// How far the row of a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It was not written yet, or there will be none.
    Open,
    /// All of it is there.
    Written,
    /// It is there, but for what it says of rows after it.
    Begun,
}

/// The fates of all records.
#[derive(Debug)]
pub(super) struct Ids {
    target: String,
    hashers: [RandomState; 2],
    fates: HashMap<[u8; 15], (Fate, Progress)>,
    /// Messages that get no row, with the message before each: their answers follow that one.
    passed_over: HashMap<[u8; 15], Option<String>>,
}

impl Ids {
    pub(super) fn of(target: &str) -> Ids {
        Ids {
            target: target.to_owned(),
            hashers: [RandomState::new(), RandomState::new()],
            fates: HashMap::new(),
            passed_over: HashMap::new(),
        }
    }

    fn hash(&self, section: Section, id: &str) -> [u8; 15] {
        let [one, two] =
            [0, 1].map(|place| self.hashers[place].hash_one((section, id)).to_le_bytes());
        let mut hash = [0; 15];
        hash[..8].copy_from_slice(&one);
        hash[8..].copy_from_slice(&two[..7]);
        hash
    }

    pub(super) fn set(&mut self, section: Section, id: &str, fate: Fate) {
        let hash = self.hash(section, id);
        self.fates.insert(hash, (fate, Progress::Open));
    }

    /// None of a record that is not in the file.
    pub(super) fn fate(&self, section: Section, id: &str) -> Option<Fate> {
        let known = self.fates.get(&self.hash(section, id));
        known.map(|(fate, _)| *fate)
    }

    fn progress(&mut self, section: Section, id: &str, progress: Progress) {
        let hash = self.hash(section, id);
        if let Some((_, known)) = self.fates.get_mut(&hash) {
            *known = progress;
        }
    }

    /// The row of this record is written; `is_whole`: with all that it says of other rows.
    pub(super) fn wrote(&mut self, section: Section, id: &str, is_whole: bool) {
        let progress = if is_whole {
            Progress::Written
        } else {
            Progress::Begun
        };
        self.progress(section, id, progress);
    }

    /// The row of this record was not taken.
    pub(super) fn took_back(&mut self, section: Section, id: &str) {
        self.progress(section, id, Progress::Open);
    }

    /// Whether the row of this record lacks what it says of rows after it.
    pub(super) fn is_begun(&self, section: Section, id: &str) -> bool {
        let known = self.fates.get(&self.hash(section, id));
        known.is_some_and(|(_, progress)| *progress == Progress::Begun)
    }

    /// Whether the row that stands for this record is in the database.
    pub(super) fn is_there(&self, section: Section, id: &str) -> bool {
        let Some(id) = self.standing_for(section, id) else {
            return false;
        };
        let known = self.fates.get(&self.hash(section, id));
        known.is_some_and(|(fate, progress)| !fate.is_new() || *progress != Progress::Open)
    }

    /// A message gets no row; whoever follows it follows the one before.
    pub(super) fn pass_over(&mut self, id: &str, before: Option<String>) {
        let hash = self.hash(Section::Messages, id);
        self.fates.insert(hash, (Fate::Nothing, Progress::Open));
        self.passed_over.insert(hash, before);
    }

    /// The id that takes the place of one that is taken.
    pub(super) fn other(&self, section: Section, id: &str) -> String {
        made_id("carryall import", &[&self.target, section.name(), id])
    }

    /// The id that a record has in the database; none when it has no row there.
    pub(super) fn current(&self, section: Section, id: &str) -> Option<String> {
        let id = self.standing_for(section, id)?;
        match self.fate(section, id)? {
            Fate::Added | Fate::Kept => Some(stored(section, id).to_owned()),
            Fate::Remapped | Fate::KeptRemapped => Some(self.other(section, id)),
            Fate::Nothing => None,
        }
    }

    /// The record itself; of a message that was passed over, the one before it that was not.
    fn standing_for<'a>(&'a self, section: Section, id: &'a str) -> Option<&'a str> {
        let mut id = id;
        // A circle ends where it began.
        for _ in 0..=self.passed_over.len() {
            if self.fate(section, id)? != Fate::Nothing {
                return Some(id);
            }
            id = self.passed_over.get(&self.hash(section, id))?.as_deref()?;
        }
        None
    }
}

/// The product's own id: in `other_records` the collection stands before it.
pub(super) fn stored(section: Section, id: &str) -> &str {
    match id.split_once(':') {
        Some((_, own)) if section == Section::OtherRecords => own,
        _ => id,
    }
}

/// Whether a column can hold this id as it is spelled.
pub(super) fn fits(id: &str, column: &ColumnPlan) -> bool {
    match column.of {
        ColumnType::Uuid => uuid::Uuid::parse_str(id).is_ok_and(|uuid| uuid.to_string() == id),
        _ => !id.contains('\0'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_taken_gets_the_same_other_one_each_time() {
        let mut ids = Ids::of("ann");
        ids.set(Section::Threads, "1", Fate::Remapped);
        let other = ids.current(Section::Threads, "1").unwrap();
        assert_ne!(other, "1");
        let mut again = Ids::of("ann");
        again.set(Section::Threads, "1", Fate::KeptRemapped);
        assert_eq!(again.current(Section::Threads, "1").unwrap(), other);
        assert_ne!(Ids::of("ben").other(Section::Threads, "1"), other);
        assert_ne!(again.other(Section::Messages, "1"), other);
        assert_eq!(again.current(Section::Messages, "1"), None);
    }

    #[test]
    fn a_row_is_there_when_it_was_written_or_the_one_that_stands_for_it() {
        let mut ids = Ids::of("ann");
        let of = Section::Messages;
        ids.set(of, "a", Fate::Added);
        ids.set(of, "b", Fate::KeptRemapped);
        assert!(!ids.is_there(of, "a") && ids.is_there(of, "b") && !ids.is_there(of, "c"));
        ids.wrote(of, "a", false);
        assert!(ids.is_there(of, "a") && ids.is_begun(of, "a"));
        ids.took_back(of, "a");
        assert!(!ids.is_there(of, "a") && !ids.is_begun(of, "a"));
        ids.pass_over("c", Some("b".to_owned()));
        ids.pass_over("d", Some("a".to_owned()));
        assert!(ids.is_there(of, "c") && !ids.is_there(of, "d"));
    }

    #[test]
    fn an_answer_to_a_message_without_a_row_follows_the_one_before_also_in_a_circle() {
        let mut ids = Ids::of("ann");
        ids.set(Section::Messages, "a", Fate::Kept);
        ids.pass_over("b", Some("a".to_owned()));
        ids.pass_over("c", Some("b".to_owned()));
        assert_eq!(ids.current(Section::Messages, "c").unwrap(), "a");
        ids.pass_over("d", Some("e".to_owned()));
        ids.pass_over("e", Some("d".to_owned()));
        assert_eq!(ids.current(Section::Messages, "d"), None);
    }
}
