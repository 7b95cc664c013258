//! The first reading: which records get a row, and with which id.

use std::collections::HashMap;

use carryall_format::original::Original;
use carryall_format::read::{Part, each_record};
use carryall_format::section::Section;
use serde::Deserialize;
use serde_json::Value;

use super::columns::{Absent, Origin};
use super::database::{Database, Lookup};
use super::encode::{Contents, Making, Record, at, id_of};
use super::error::ImportError;
use super::ids::{Fate, fits, stored};
use super::plan::{EntryPlan, Plan, label};
use super::report::Counting;
use crate::data_map::{DataMap, ExportEntry, FieldForm};

/// Ids that are looked for at once.
const BATCH: usize = 512;
const NOT_FOR_IMPORT: &str = "the data map does not import it";
const UNKNOWN: &str = "this product has no such records";
const OF_ANOTHER: &str = "it belongs to a record that is not imported";

/// Reads the file for its ids.
pub(super) struct Fates<'a> {
    pub(super) map: &'a DataMap,
    pub(super) plan: &'a Plan,
    /// The target's key as text.
    pub(super) person: &'a str,
    pub(super) database: &'a mut dyn Database,
    pub(super) making: &'a mut Making,
    pub(super) counting: &'a mut Counting,
    /// Whether bytes of files are restored.
    pub(super) takes_contents: bool,
    /// Records of one entry whose rows are to be looked for.
    pub(super) waiting: Vec<Waiting>,
}

/// A record whose row is to be looked for.
pub(super) struct Waiting {
    entry: usize,
    id: String,
    /// The parent's id in the database.
    parent: Option<String>,
    /// The message before it.
    before: Option<String>,
}

/// As much of a part of a file as has to be known.
#[derive(Deserialize)]
struct PartOfFile {
    section: String,
    file_id: String,
    last: bool,
    size_bytes: Option<u64>,
    sha256: Option<String>,
    complete: Option<bool>,
}

impl Fates<'_> {
    pub(super) fn read(
        mut self,
        file: &Original,
        advanced: &mut dyn FnMut(u64),
    ) -> Result<(), ImportError> {
        each_record(
            file.from_start(),
            &mut |part, text| match part {
                Part::Section(Section::FileContents) => self.contents(text),
                Part::Section(section) => {
                    let record: Record = parsed(text)?;
                    if section == Section::AccountSettings {
                        self.account(&record);
                        return Ok(());
                    }
                    self.record(section, &record)
                }
                _ => Ok(()),
            },
            advanced,
        )?;
        self.look()
    }

    fn record(&mut self, section: Section, record: &Record) -> Result<(), ImportError> {
        let collection = record.get("collection").and_then(Value::as_str);
        let label = label(section, collection);
        self.counting.of(&label).read += 1;
        let before = text(record, "parent_id");
        let Some(index) = self.plan.entry_for(section, record) else {
            let reason = self.reason(section, record);
            self.counting.not_imported(
                &label,
                reason.as_deref().unwrap_or(UNKNOWN),
                reason.is_some(),
            );
            self.nothing(section, id_of(record), before);
            return Ok(());
        };
        // What it belongs to stands before it, and may still wait.
        let is_other = self
            .waiting
            .first()
            .is_some_and(|first| first.entry != index);
        if is_other || self.waiting.len() >= BATCH {
            self.look()?;
        }
        let (plan, entry) = (self.plan, &self.plan.entries[index]);
        let parent = entry.parent.map(|(section, place)| {
            let path = plan.entries[index].columns[place].from.path();
            let id = path
                .and_then(|path| at(record, path))
                .and_then(Value::as_str);
            id.and_then(|id| self.making.ids.current(section, id))
        });
        if parent == Some(None) || self.lacks_what_it_needs(entry, record) {
            self.counting.not_imported(&label, OF_ANOTHER, false);
            self.nothing(section, id_of(record), before);
            return Ok(());
        }
        // Without an id of its own a row is known by the person and what it refers to.
        if entry.id.is_none() {
            self.making.ids.set(section, id_of(record), Fate::Added);
            return Ok(());
        }
        self.waiting.push(Waiting {
            entry: index,
            id: id_of(record).to_owned(),
            parent: parent.flatten(),
            before,
        });
        Ok(())
    }

    /// Whether a column that must have a value refers to a record before this one that gets no row.
    fn lacks_what_it_needs(&self, entry: &EntryPlan, record: &Record) -> bool {
        entry.columns.iter().any(|column| match &column.from {
            Origin::Ref(path, section)
                if column.not_null
                    && matches!(column.absent, Absent::Null)
                    && *section < entry.section =>
            {
                let id = at(record, path).and_then(Value::as_str);
                id.is_none_or(|id| self.making.ids.current(*section, id).is_none())
            }
            _ => false,
        })
    }

    fn nothing(&mut self, section: Section, id: &str, before: Option<String>) {
        match section {
            Section::Messages => self.making.ids.pass_over(id, before),
            _ => self.making.ids.set(section, id, Fate::Nothing),
        }
    }

    /// Looks for the rows of the waiting records.
    fn look(&mut self) -> Result<(), ImportError> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(first) = waiting.first() else {
            return Ok(());
        };
        let entry = &self.plan.entries[first.entry];
        let Some(id) = entry.id.map(|place| &entry.columns[place]) else {
            return Ok(());
        };
        let section = entry.section;
        let (fit, mut taken): (Vec<_>, Vec<_>) = waiting
            .into_iter()
            .partition(|one| fits(stored(section, &one.id), id));
        let ids = fit.iter().map(|one| stored(section, &one.id).to_owned());
        let mut there = self.owned(entry, &ids.collect::<Vec<_>>())?;
        for one in fit {
            match there.remove(stored(section, &one.id)) {
                None => self.settle(entry, &one, Fate::Added),
                Some(whose) if is_ours(entry, &one, &whose, self.person) => {
                    self.settle(entry, &one, Fate::Kept);
                }
                Some(_) => taken.push(one),
            }
        }
        let other = |one: &Waiting| self.making.ids.other(entry.section, &one.id);
        let others: Vec<String> = taken.iter().map(other).collect();
        let mut there = self.owned(entry, &others)?;
        for (one, other) in taken.iter().zip(&others) {
            match there.remove(other) {
                None => self.settle(entry, one, Fate::Remapped),
                Some(whose) if is_ours(entry, one, &whose, self.person) => {
                    self.settle(entry, one, Fate::KeptRemapped);
                }
                Some(_) => {
                    let reason =
                        "its id is taken by somebody else's row, and so is the one in its place";
                    self.counting.not_imported(&entry.label(), reason, false);
                    self.nothing(entry.section, &one.id, one.before.clone());
                }
            }
        }
        Ok(())
    }

    fn settle(&mut self, entry: &EntryPlan, one: &Waiting, fate: Fate) {
        self.making.ids.set(entry.section, &one.id, fate);
        if !fate.is_new() {
            self.counting.of(&entry.label()).kept += 1;
        }
    }

    /// Whose the rows with these ids are, by id.
    fn owned(
        &mut self,
        entry: &EntryPlan,
        ids: &[String],
    ) -> Result<HashMap<String, Vec<Option<String>>>, ImportError> {
        let Some(id) = entry
            .id
            .map(|place| &entry.columns[place])
            .filter(|_| !ids.is_empty())
        else {
            return Ok(HashMap::new());
        };
        let lookup = Lookup {
            table: &entry.table,
            id,
            whose: whose(entry)
                .into_iter()
                .map(|place| entry.columns[place].name.as_str())
                .collect(),
        };
        Ok(self.database.find(&lookup, ids)?.into_iter().collect())
    }

    /// Why the data map makes no row of this record; none when it does not know such records.
    fn reason(&self, section: Section, record: &Record) -> Option<String> {
        let entry = self.map.exports.iter().find(|entry| {
            entry.section == section.name()
                && entry.collection == text(record, "collection")
                && says_the_same(entry, record)
        })?;
        let reason = entry.not_imported.as_deref().unwrap_or(NOT_FOR_IMPORT);
        Some(reason.to_owned())
    }

    /// What the settings hold and the data map does not import.
    fn account(&mut self, record: &Record) {
        let account = Section::AccountSettings.name();
        let mut named = vec!["extra"];
        for entry in self
            .map
            .exports
            .iter()
            .filter(|entry| entry.section == account)
        {
            let inside = match &entry.into {
                None => Some(record),
                Some(into) => {
                    named.push(into);
                    record.get(into).and_then(Value::as_object)
                }
            };
            let list = entry
                .into
                .as_ref()
                .and_then(|into| record.get(into)?.as_array());
            named.extend(
                entry
                    .fields
                    .keys()
                    .map(String::as_str)
                    .filter(|_| entry.into.is_none()),
            );
            let has = |name: &String| {
                inside.is_some_and(|inside| inside.get(name).is_some_and(|value| !value.is_null()))
            };
            let count = match list {
                Some(list) => list.len(),
                None => usize::from(entry.fields.keys().any(has)),
            };
            if entry.on_import.is_none() {
                let part = entry
                    .into
                    .as_deref()
                    .or(entry.table.as_deref())
                    .unwrap_or("other");
                let what = format!("{account} ({part})");
                let reason = entry.not_imported.as_deref().unwrap_or(NOT_FOR_IMPORT);
                for _ in 0..count {
                    self.counting.without_place(&what, reason, true);
                }
            }
        }
        for (name, value) in record {
            if !value.is_null() && !named.contains(&name.as_str()) {
                self.counting.without_place(
                    &format!("{account}.{name}"),
                    "this product has no place for it",
                    false,
                );
            }
        }
    }

    fn contents(&mut self, line: &[u8]) -> Result<(), ImportError> {
        let part: PartOfFile = parsed(line)?;
        let Some(section) = Section::named(&part.section).filter(|_| part.last) else {
            return Ok(());
        };
        if !self.takes_contents {
            self.counting.files.not_restored += 1;
            return Ok(());
        }
        let contents = Contents {
            size_bytes: part.size_bytes.unwrap_or_default(),
            sha256: part.sha256.unwrap_or_default(),
            is_complete: part.complete.unwrap_or_default(),
            key: None,
        };
        self.making
            .contents
            .insert((section, part.file_id), contents);
        Ok(())
    }
}

/// Places of the columns that say whose a row is.
fn whose(entry: &EntryPlan) -> Vec<usize> {
    let parent = entry.parent.map(|(_, place)| place);
    entry
        .owner
        .into_iter()
        .chain(parent)
        .chain(entry.author)
        .collect()
}

/// Whether a row is the target's, and belongs to what the record belongs to.
fn is_ours(entry: &EntryPlan, one: &Waiting, whose: &[Option<String>], person: &str) -> bool {
    let mut whose = whose.iter().map(Option::as_deref);
    let mut next = || whose.next().flatten();
    (entry.owner.is_none() || next() == Some(person))
        && (entry.parent.is_none() || next() == one.parent.as_deref())
        && (entry.author.is_none() || next().is_none_or(|author| author == person))
}

/// Whether a record could be one of this entry's.
fn says_the_same(entry: &ExportEntry, record: &Record) -> bool {
    entry.fields.iter().all(|(name, form)| match form {
        FieldForm::Detailed(detail) => match &detail.value {
            Some(value) => text(record, name).is_none_or(|said| said == *value),
            None => true,
        },
        _ => true,
    })
}

fn text(record: &Record, name: &str) -> Option<String> {
    record.get(name).and_then(Value::as_str).map(str::to_owned)
}

/// A value of a file that was found sound.
pub(super) fn parsed<'t, T: Deserialize<'t>>(text: &'t [u8]) -> Result<T, ImportError> {
    serde_json::from_slice(text).map_err(|_| ImportError::Changed)
}
