//! One record becomes one row.

use std::collections::HashMap;

use carryall_format::section::Section;
use serde_json::{Map, Value};

use super::columns::{Absent, ColumnPlan, Origin, Path};
use super::ids::Ids;
use super::plan::EntryPlan;
use super::values::{Cell, as_stored, json, of_kind, time};
use crate::made_id::made_id;

/// A record of the file.
pub(super) type Record = Map<String, Value>;

/// What the file says of the bytes of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    pub(super) size_bytes: u64,
    pub(super) sha256: String,
    /// Whether all of them are there.
    pub(super) is_complete: bool,
    /// Where they go, once their row is there.
    pub(super) key: Option<String>,
}

/// What every row of an import is made with.
#[derive(Debug)]
pub(super) struct Making {
    /// The target's key in the database.
    pub(super) person: Cell,
    /// The person's id in the file.
    pub(super) subject_id: String,
    pub(super) snapshot_at: String,
    pub(super) ids: Ids,
    pub(super) contents: HashMap<(Section, String), Contents>,
}

/// A row, and what of the record has no place in it.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) cells: Vec<Cell>,
    /// Field, reason, whether a rule says so.
    pub(super) notes: Vec<(String, &'static str, bool)>,
    /// Where its bytes go.
    pub(super) file_key: Option<String>,
}

const NOT_IMPORTED: &str = "it refers to a record that is not imported";
const SET_ANEW: &str = "the data map gives it another value";
const NO_PLACE: &str = "this product has no place for it";
const SOMEBODY_ELSE: &str = "it names somebody else";

/// The value at a path.
pub(super) fn at<'r>(record: &'r Record, path: &Path) -> Option<&'r Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(record.get(first)?, |value, key| value.get(key))
}

/// A record's id.
pub(super) fn id_of(record: &Record) -> &str {
    record.get("id").and_then(Value::as_str).unwrap_or_default()
}

impl Making {
    /// A row, or why there can be none.
    pub(super) fn row(&self, entry: &EntryPlan, record: &Record) -> Result<Row, &'static str> {
        let mut row = Row::default();
        for column in &entry.columns {
            let cell = self.cell(entry, column, record, &mut row)?;
            row.cells.push(cell);
        }
        if entry.section != Section::AccountSettings {
            unplaced(entry, record, &mut row);
        }
        Ok(row)
    }

    fn cell(
        &self,
        entry: &EntryPlan,
        column: &ColumnPlan,
        record: &Record,
        row: &mut Row,
    ) -> Result<Cell, &'static str> {
        let value = column.from.path().and_then(|path| at(record, path));
        let given = value.filter(|value| !value.is_null());
        let id = id_of(record);
        let cell = match (&column.from, given) {
            (Origin::Subject, _) => self.person.clone(),
            (Origin::Id, _) => Cell::Text(self.ids.current(entry.section, id).unwrap_or_default()),
            (Origin::Fixed(cell), _) => {
                if at(record, &column.replaced).is_some_and(|old| is_other(old, cell, column)) {
                    row.notes.push((column.replaced.join("."), SET_ANEW, true));
                }
                cell.clone()
            }
            (Origin::NewId, _) => Cell::Text(self.own(entry, &column.name, id)),
            (Origin::FileKey(prefix), _) => self.file_key(entry, column, prefix, record, row),
            // Who wrote something in a file of one person, if nobody is named.
            (Origin::Person(_), None) if value.is_none() => self.person.clone(),
            (Origin::Person(_), Some(value)) if *value == *self.subject_id => self.person.clone(),
            (Origin::Person(path), Some(_)) => {
                row.notes.push((path.join("."), SOMEBODY_ELSE, false));
                Cell::Null
            }
            (Origin::Ref(path, section), Some(value)) => self.reference(path, *section, value, row),
            (Origin::Refs(path, section), Some(value)) => {
                self.references(path, *section, value, row)
            }
            (Origin::Field(_, kind), Some(value)) => of_kind(value, *kind, column),
            (Origin::Time(_, unit, zone), Some(value)) => match value.as_str() {
                Some(text) => time(text, *unit, zone.as_ref()),
                None => as_stored(value, column),
            },
            (Origin::Stored(_), Some(value)) => as_stored(value, column),
            (Origin::Json(_), Some(value)) => json(value),
            (_, None) | (Origin::Nothing, _) => Cell::Null,
        };
        if !cell.is_null() {
            return Ok(cell);
        }
        let fallback = match &column.absent {
            Absent::Null => Cell::Null,
            Absent::Value(value) => value.clone(),
            Absent::ExportTime => match &column.from {
                Origin::Time(_, unit, zone) => time(&self.snapshot_at, *unit, zone.as_ref()),
                _ => time(&self.snapshot_at, None, None),
            },
        };
        if fallback.is_null() && column.not_null && matches!(column.from, Origin::Ref(..)) {
            return Err("it belongs to a record that is not imported");
        }
        Ok(fallback)
    }

    fn reference(&self, path: &Path, section: Section, value: &Value, row: &mut Row) -> Cell {
        let id = value.as_str().unwrap_or_default();
        if let Some(current) = self.ids.current(section, id) {
            return Cell::Text(current);
        }
        row.notes.push((path.join("."), NOT_IMPORTED, false));
        Cell::Null
    }

    fn references(&self, path: &Path, section: Section, value: &Value, row: &mut Row) -> Cell {
        let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let current: Vec<_> = all
            .iter()
            .filter_map(|id| self.ids.current(section, id.as_str()?))
            .collect();
        if current.len() < all.len() {
            row.notes.push((path.join("."), NOT_IMPORTED, false));
        }
        json(&current.into())
    }

    /// A UUID for this use of this record alone.
    fn own(&self, entry: &EntryPlan, what: &str, id: &str) -> String {
        let other = self.ids.other(entry.section, id);
        made_id("carryall import, a value", &[what, &other])
    }

    /// Where the bytes of a file go; nowhere when they are not there and the column may say so.
    fn file_key(
        &self,
        entry: &EntryPlan,
        column: &ColumnPlan,
        prefix: &str,
        record: &Record,
        row: &mut Row,
    ) -> Cell {
        let id = id_of(record);
        let contents = self.contents.get(&(entry.section, id.to_owned()));
        let is_there = contents.is_some_and(|contents| contents.is_complete);
        if !is_there && !column.not_null {
            return Cell::Null;
        }
        let name = record
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let ending = match name.rsplit_once('.') {
            Some((_, ending))
                if (1..=8).contains(&ending.len())
                    && ending.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
            {
                format!(".{}", ending.to_ascii_lowercase())
            }
            _ => String::new(),
        };
        let key = format!("{prefix}{}{ending}", self.own(entry, &column.name, id));
        row.file_key = Some(key.clone()).filter(|_| is_there);
        Cell::Text(key)
    }
}

/// Whether a value of the file is another than the one that the column gets.
fn is_other(old: &Value, cell: &Cell, column: &ColumnPlan) -> bool {
    !old.is_null() && as_stored(old, column) != *cell
}

/// Fields with a value and without a column.
fn unplaced(entry: &EntryPlan, record: &Record, row: &mut Row) {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => false,
    };
    for (name, value) in record {
        if name == "extra" {
            for (name, value) in value.as_object().into_iter().flatten() {
                if !is_empty(value) && !entry.named.contains(name) {
                    row.notes.push((format!("extra.{name}"), NO_PLACE, false));
                }
            }
        } else if !is_empty(value) && !entry.named.contains(name) {
            row.notes.push((name.clone(), NO_PLACE, false));
        }
    }
}
