//! The data map turned round: which column gets what of a record.
//!
//! Promises: a column that must have a value has one, or the import does not begin; nothing of the map is left out
//! silently: what cannot be turned round is a problem with a place and a fix.

use std::collections::{BTreeMap, BTreeSet};

use carryall_format::section::{Kind, Section};

use super::columns::{Absent, ColumnPlan, ColumnType, Origin, column_plans};
use super::database::{Database, ForeignKey};
use super::error::ImportError;
use crate::check::{MapProblem, place_of};
use crate::data_map::{Content, DataMap, ExportEntry, FieldForm};

/// Everything that rows are made of.
#[derive(Debug)]
pub(super) struct Plan {
    /// One for each entry of the map with rows to make; the parts of one row of settings are one.
    pub(super) entries: Vec<EntryPlan>,
    /// How often the file is read to write rows.
    pub(super) passes: usize,
}

/// How records of one kind become rows.
#[derive(Debug)]
pub(super) struct EntryPlan {
    /// Where its records stand.
    pub(super) section: Section,
    /// The product's word, for `other_records`.
    pub(super) collection: Option<String>,
    /// The table.
    pub(super) table: String,
    /// What each column gets.
    pub(super) columns: Vec<ColumnPlan>,
    /// What a record must say, where it says anything: `access` is `own`.
    pub(super) constants: Vec<(String, String)>,
    /// The place of the id; none where the key is made of the person and others.
    pub(super) id: Option<usize>,
    /// The place of the owner.
    pub(super) owner: Option<usize>,
    /// Section and place of the parent.
    pub(super) parent: Option<(Section, usize)>,
    /// The place of the author.
    pub(super) author: Option<usize>,
    /// Where its bytes go: how a key is cut, and the place of the key.
    pub(super) content: Option<(Content, usize)>,
    /// Records of this section each get a row.
    pub(super) for_each: Option<Section>,
    /// Names of fields that have a column, or need none.
    pub(super) named: BTreeSet<String>,
    /// In which reading of the file its rows are written, from 0.
    pub(super) pass: usize,
}

impl EntryPlan {
    /// `other_records/feedback`, for reports.
    pub(super) fn label(&self) -> String {
        label(self.section, self.collection.as_deref())
    }
}

/// What a report calls records of one kind.
pub(super) fn label(section: Section, collection: Option<&str>) -> String {
    match collection {
        Some(collection) => format!("{}/{collection}", section.name()),
        None => section.name().to_owned(),
    }
}

impl Plan {
    /// Turns the map round for this database.
    pub(super) fn new(map: &DataMap, database: &mut dyn Database) -> Result<Plan, ImportError> {
        let mut problems = Vec::new();
        let mut entries: Vec<EntryPlan> = Vec::new();
        let mut keys = BTreeMap::new();
        for (index, entry) in map.exports.iter().enumerate() {
            let (Some(_), Some(table), Some(section)) = (
                &entry.on_import,
                &entry.table,
                Section::named(&entry.section),
            ) else {
                continue;
            };
            if !keys.contains_key(table) {
                keys.insert(table.clone(), database.foreign_keys(table)?);
            }
            let place = place_of(map, index);
            let found = database.columns(table)?;
            let planned = column_plans(entry, section, &found, &mut |problem, fix| {
                problems.push(MapProblem {
                    place: place.clone(),
                    problem,
                    fix,
                });
            });
            merge(&mut entries, plan_entry(entry, section, table, planned));
        }
        if entries.is_empty() {
            let reason = "the data map has no `on_import`, so it makes no rows".to_owned();
            return Err(ImportError::Refused {
                product: map.product.clone(),
                reason: map.import.refused.clone().unwrap_or(reason),
            });
        }
        for entry in &entries {
            check_columns(entry, &database.columns(&entry.table)?, &mut problems);
        }
        if !problems.is_empty() {
            return Err(ImportError::Map(problems));
        }
        refer(&mut entries, &keys);
        let passes = order(&mut entries, &keys).ok_or_else(|| ImportError::Refused {
            product: map.product.clone(),
            reason: "its tables refer to each other in a circle".to_owned(),
        })?;
        Ok(Plan { entries, passes })
    }

    /// The entry that makes a row of such a record.
    pub(super) fn entry_for(
        &self,
        section: Section,
        record: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<usize> {
        let text = |name: &str| record.get(name).and_then(serde_json::Value::as_str);
        self.entries.iter().position(|entry| {
            entry.section == section
                && entry.collection.as_deref() == text("collection")
                && entry
                    .constants
                    .iter()
                    .all(|(name, value)| text(name).is_none_or(|said| said == value))
        })
    }

    /// Whether bytes of files have a place.
    pub(super) fn has_contents(&self) -> bool {
        self.entries.iter().any(|entry| entry.content.is_some())
    }
}

fn plan_entry(
    entry: &ExportEntry,
    section: Section,
    table: &str,
    columns: Vec<ColumnPlan>,
) -> EntryPlan {
    let place = |name: Option<&String>| {
        columns
            .iter()
            .position(|column| name.is_some_and(|name| column.name == *name))
    };
    let constants = entry.fields.iter().filter_map(|(name, form)| match form {
        FieldForm::Detailed(detail) => Some((name.clone(), detail.value.clone()?)),
        _ => None,
    });
    let parent = entry.parent.as_ref().and_then(|parent| {
        Some((
            Section::named(&parent.section)?,
            place(Some(&parent.column))?,
        ))
    });
    let content = entry
        .content
        .as_ref()
        .and_then(|content| Some((content.clone(), place(content.key.as_ref())?)));
    let mut named: BTreeSet<String> = entry.fields.keys().cloned().collect();
    named.extend(entry.extra.iter().cloned());
    named.extend(entry.json.keys().cloned());
    named.extend(["id", "collection"].map(str::to_owned));
    let paths = columns.iter().filter_map(|column| column.from.path());
    named.extend(paths.filter_map(|path| path.last().cloned()));
    EntryPlan {
        section,
        collection: entry.collection.clone(),
        table: table.to_owned(),
        constants: constants.collect(),
        id: columns
            .iter()
            .position(|column| matches!(column.from, Origin::Id)),
        owner: place(entry.owner.as_ref()),
        parent,
        author: place(entry.author.as_ref()),
        content,
        for_each: entry.import_for_each.as_deref().and_then(Section::named),
        named,
        pass: 0,
        columns,
    }
}

/// Several entries may fill one row of `account_settings`.
fn merge(entries: &mut Vec<EntryPlan>, new: EntryPlan) {
    let same = entries.iter_mut().find(|entry| {
        new.section == Section::AccountSettings
            && entry.section == new.section
            && entry.table == new.table
    });
    let Some(entry) = same else {
        entries.push(new);
        return;
    };
    for column in new.columns {
        // What an entry says of a column of its own counts more than that the row needs one.
        match entry
            .columns
            .iter_mut()
            .find(|known| known.name == column.name)
        {
            None => entry.columns.push(column),
            Some(known) if known.from.is_nothing() => {
                let absent = std::mem::replace(&mut known.absent, Absent::Null);
                *known = column;
                if matches!(known.absent, Absent::Null) {
                    known.absent = absent;
                }
            }
            Some(_) => {}
        }
    }
    entry.named.extend(new.named);
}

/// Columns that must have a value and would not.
fn check_columns(
    entry: &EntryPlan,
    found: &[super::database::TableColumn],
    problems: &mut Vec<MapProblem>,
) {
    let mut add = |problem: String, fix: String| {
        problems.push(MapProblem {
            place: format!("import into {} (table {})", entry.label(), entry.table),
            problem,
            fix,
        });
    };
    for column in found {
        let is_given = entry.columns.iter().any(|plan| plan.name == column.name);
        if column.not_null && !column.has_default && !column.generated && !is_given {
            add(
                format!("the column `{}` must have a value", column.name),
                format!("write `on_import.{} = {{ … }}`", column.name),
            );
        }
    }
    let id = entry.id.map(|place| &entry.columns[place]);
    if let Some(id) = id
        && !matches!(id.of, ColumnType::Text | ColumnType::Uuid)
    {
        add(
            format!(
                "the ids in `{}` are {}, and one that is taken gets a UUID",
                id.name, id.declared
            ),
            "a product that numbers its rows cannot be imported into: say so as `[import] refused`"
                .to_owned(),
        );
    }
    if entry.id.is_none() && entry.owner.is_none() {
        add(
            "its rows have neither an id that is one column nor an owner".to_owned(),
            "remove `on_import`".to_owned(),
        );
    }
}

/// A column that refers to rows that are imported follows them, also where the format knows of no reference.
fn refer(entries: &mut [EntryPlan], keys: &BTreeMap<String, Vec<ForeignKey>>) {
    let sections: BTreeMap<String, Section> = entries
        .iter()
        .filter(|entry| entry.id.is_some())
        .map(|entry| (entry.table.clone(), entry.section))
        .collect();
    for entry in entries.iter_mut() {
        for key in keys.get(&entry.table).into_iter().flatten() {
            let ([name], Some(section)) = (&key.columns[..], sections.get(&key.table)) else {
                continue;
            };
            let Some(column) = entry.columns.iter_mut().find(|column| column.name == *name) else {
                continue;
            };
            if let Origin::Field(path, Kind::Text | Kind::Id) | Origin::Stored(path) = &column.from
            {
                column.from = Origin::Ref(path.clone(), *section);
            }
            // A row may refer to one that stands after it.
            column.is_later = key.table == entry.table
                && !column.not_null
                && matches!(column.from, Origin::Ref(..));
        }
    }
}

/// Which entries are written in which reading of the file: rows after those that they refer to.
fn order(entries: &mut [EntryPlan], keys: &BTreeMap<String, Vec<ForeignKey>>) -> Option<usize> {
    let tables: BTreeSet<String> = entries.iter().map(|entry| entry.table.clone()).collect();
    let needs = |entry: &EntryPlan| -> BTreeSet<String> {
        let all = keys.get(&entry.table).into_iter().flatten();
        all.map(|key| key.table.clone())
            .filter(|table| *table != entry.table && tables.contains(table))
            .collect()
    };
    // Tables whose rows are there, and behind which section of the current reading.
    let mut written: BTreeMap<String, Option<Section>> = BTreeMap::new();
    let mut waiting: Vec<usize> = (0..entries.len()).collect();
    let mut pass = 0;
    while !waiting.is_empty() {
        let before = waiting.len();
        waiting.sort_by_key(|index| entries[*index].section);
        let mut left = Vec::new();
        for index in waiting {
            let is_ready = needs(&entries[index]).iter().all(|table| {
                matches!(written.get(table), Some(None))
                    || matches!(written.get(table), Some(Some(section)) if *section < entries[index].section)
            });
            if !is_ready {
                left.push(index);
                continue;
            }
            let entry = &mut entries[index];
            entry.pass = pass;
            // Rows that are made for each of others come at the end of the reading.
            let behind = if entry.for_each.is_some() {
                Section::FileContents
            } else {
                entry.section
            };
            written.insert(entry.table.clone(), Some(behind));
        }
        if left.len() == before {
            return None;
        }
        waiting = left;
        for section in written.values_mut() {
            *section = None;
        }
        pass += 1;
    }
    Some(pass)
}
