//! From a data map to what is run: one bounded SELECT for each entry, and how each column is written.
//!
//! A plan never pastes a value into SQL: the subject's key and a thread's id are parameter 1. Names are
//! quoted as identifiers. SQL that the map's author wrote stands in parentheses of its own; should it
//! break out of them, the writer's check of each row stops the export.

mod by_thread;
mod dialect;
mod fields;
mod order;
mod sql;

pub use self::by_thread::FindMessage;
pub use self::dialect::Dialect;
pub(crate) use self::fields::named_kind;
pub(crate) use self::sql::quote;

use carryall_format::encode::Unit;
use carryall_format::header::{Ground, WithheldHeader};
use carryall_format::json::{JsonPath, KeyFilter};
use carryall_format::section::Section;
use carryall_format::write::Proof;

use self::fields::PlannedFields;
use crate::batch::COMPARED_COLUMNS;
use crate::catalog::Catalog;
use crate::data_map::{Content, DataMap};

/// Why a data map could not be turned into a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The entry cannot be planned.
    #[error("the data map's entry {number} (section {section}) cannot be run: {problem}")]
    Entry {
        /// Counts from 1.
        number: usize,
        /// Key of the section.
        section: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

/// Everything that is run for one export.
#[derive(Debug)]
pub struct Plan {
    /// In the order of the map; several may feed one section.
    pub entries: Vec<EntryPlan>,
    /// Records that are only counted.
    pub left_out: Vec<LeftOutPlan>,
    /// What stays, for the header and the page.
    pub withheld: Vec<WithheldHeader>,
}

/// One entry of the map.
#[derive(Debug)]
pub struct EntryPlan {
    /// Where its rows go.
    pub section: Section,
    /// The product's word, for `other_records`.
    pub collection: Option<String>,
    /// Object or list of `account_settings` that its fields go into.
    pub into: Option<String>,
    /// What it reads, for messages to people.
    pub purpose: String,
    /// The SELECT. Parameter 1 is the subject's key, or the thread's id for messages.
    pub sql: String,
    /// The SELECT of all of the person's rows, in the order of the file. Parameter 1 is the subject's key.
    pub in_order: String,
    /// Whether it has an order: parts of `account_settings` may have nothing to go by.
    pub is_ordered: bool,
    /// The SELECT of the messages of `carryall_thread.id`, for an engine that reads all threads in one go.
    pub for_each_thread: Option<String>,
    /// The SELECT of the ids alone, in the order of the file. Parameter 1 is the subject's key.
    pub ids_sql: String,
    /// The same with each one's place as a second column, where a server is asked by threads; see `streams.rs`.
    pub numbered_ids: Option<String>,
    /// Whose a row is.
    pub whose: Whose,
    /// Where the author stands.
    pub author: Option<usize>,
    /// Where the id stands.
    pub id: usize,
    /// Fields of the format, in file order.
    pub fields: Vec<FieldPlan>,
    /// Which of them the export itself has to look at.
    pub places: Places,
    /// Fields under `extra`, in the map's order.
    pub extra: Vec<FieldPlan>,
    /// JSON columns of which nothing leaves; read to find keys that the map does not name.
    pub audited: Vec<FieldPlan>,
    /// On which columns these depend.
    pub(crate) depends: Dependencies,
    /// Where the bytes are.
    pub contents: Option<ContentsPlan>,
    /// For messages: how to find out which of a thread are in the file.
    pub find_message: Option<FindMessage>,
    /// `FROM … WHERE …` and the counting expressions, for counts.
    pub count: CountPlan,
}

/// Fields that the export itself looks at, by their place in [`EntryPlan::fields`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Places {
    /// `workspace_id`
    pub workspace: Option<usize>,
    /// `thread_id`
    pub thread: Option<usize>,
    /// `parent_id`
    pub parent: Option<usize>,
    /// `created_at`
    pub created: Option<usize>,
    /// `size_bytes`
    pub size: Option<usize>,
    /// `sha256`
    pub sha256: Option<usize>,
}

impl Places {
    fn in_fields(fields: &[FieldPlan]) -> Places {
        let place = |name: &str| fields.iter().position(|field| field.name == name);
        Places {
            workspace: place("workspace_id"),
            thread: place("thread_id"),
            parent: place("parent_id"),
            created: place("created_at"),
            size: place("size_bytes"),
            sha256: place("sha256"),
        }
    }
}

/// What counting needs.
#[derive(Debug, Clone)]
pub struct CountPlan {
    /// Without a SELECT list; parameter 1 is always the subject's key.
    pub from_where: String,
    /// The workspace's id as SQL.
    pub workspace: Option<String>,
    /// The thread's id as SQL.
    pub thread: Option<String>,
    /// The id as SQL.
    pub id: String,
    /// The author as SQL.
    pub author: Option<String>,
    /// The subject's key as SQL: parameter 1.
    pub subject: String,
    /// Bytes of a row's values, as SQL.
    pub row_bytes: String,
    /// The size that the product states, as SQL.
    pub size_bytes: Option<String>,
}

/// Whose a row is.
#[derive(Debug, Clone, Copy)]
pub enum Whose {
    /// The column equals the subject's key.
    Owner(usize),
    /// The column is the id of an exported record.
    Parent(Section, usize),
}

/// One field of a record.
#[derive(Debug)]
pub struct FieldPlan {
    /// Its name in the file.
    pub name: String,
    /// `,"name":`
    pub key: Vec<u8>,
    /// Where the value comes from.
    pub from: From,
    /// Whether the format wants a value here always.
    pub is_required: bool,
    /// Translations of the value's text.
    pub values: Vec<(Vec<u8>, Vec<u8>)>,
    /// How it is written.
    pub encode: Encode,
}

/// For each field the columns, as bits, on which alone it depends what is written.
#[derive(Debug)]
pub(crate) struct Dependencies {
    pub(crate) fields: Vec<u64>,
    pub(crate) extra: Vec<u64>,
    pub(crate) audited: Vec<u64>,
}

impl Dependencies {
    fn of(section: Section, planned: &PlannedFields) -> Dependencies {
        Dependencies {
            fields: Dependencies::on_columns(&planned.fields, section),
            extra: Dependencies::on_columns(&planned.extra, section),
            audited: Dependencies::on_columns(&planned.audited, section),
        }
    }

    /// For fields of a section.
    pub(crate) fn on_columns(fields: &[FieldPlan], section: Section) -> Vec<u64> {
        fields.iter().map(|field| field.depends(section)).collect()
    }
}

impl FieldPlan {
    /// The columns, as bits; all bits for what depends on more.
    fn depends(&self, section: Section) -> u64 {
        const MORE: u64 = u64::MAX;
        match (&self.from, &self.encode) {
            // Whether a message stands before the one at hand changes from each to the next, and what a thread points
            // at is looked for among its own messages.
            (_, Encode::Reference(of) | Encode::References(of))
                if *of == section || *of == Section::Messages =>
            {
                MORE
            }
            (From::Constant(_), _) => 0,
            (From::Column(column) | From::Json(column, _), _) if *column < COMPARED_COLUMNS => {
                1 << column
            }
            _ => MORE,
        }
    }
}

/// Where a value comes from.
#[derive(Debug)]
pub enum From {
    /// A column of the SELECT.
    Column(usize),
    /// A value inside a JSON column.
    Json(usize, JsonPath),
    /// The map itself.
    Constant(String),
}

/// How a value is written.
#[derive(Debug)]
pub enum Encode {
    /// Opaque string.
    Id,
    /// The id of another record.
    Reference(Section),
    /// Ids of other records.
    References(Section),
    /// The subject's id, or a pseudonym.
    Person,
    /// Text.
    Text,
    /// A time: unit of numbers, zone of naive texts.
    Timestamp(Unit, Option<jiff::tz::TimeZone>),
    /// A date.
    Date,
    /// A truth.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// JSON, key by key.
    Json(KeyFilter),
    /// Whatever the column holds.
    AsStored,
}

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub enum ContentsPlan {
    /// In the file store, under the key in this column.
    Stored(usize, Content),
    /// In a column of an ordinary table, read piece by piece.
    Blob {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// Where it stands in which row the value lies.
        place: usize,
        /// Null where the value is.
        value: usize,
    },
    /// In this column of a query or of a table without rowid.
    Value(usize),
}

/// Records that are only counted.
#[derive(Debug)]
pub struct LeftOutPlan {
    /// Where they would stand.
    pub section: Section,
    /// Why they do not.
    pub ground: Ground,
    /// What they are, in plain words.
    pub what: String,
    /// `SELECT count(*)`; parameter 1 is the subject's key.
    pub sql: String,
}

impl Whose {
    /// Where the owner's or the parent's id stands.
    pub(crate) fn column(self) -> usize {
        match self {
            Whose::Owner(column) | Whose::Parent(_, column) => column,
        }
    }

    /// What a row says of itself, for the writer's check.
    pub(crate) fn proof(self, id: &[u8]) -> Proof<'_> {
        match self {
            Whose::Owner(_) => Proof::Owner(id),
            Whose::Parent(section, _) => Proof::Parent(section, id),
        }
    }
}

impl Plan {
    /// Plans every entry of a checked map for the engine of the catalogue.
    pub fn new(map: &DataMap, catalog: &Catalog) -> Result<Plan, PlanError> {
        let map = &map.on(catalog.dialect);
        let entries = (0..map.exports.len())
            .map(|index| {
                sql::plan_entry(map, index, catalog).map_err(|problem| PlanError::Entry {
                    number: map.exports[index].number,
                    section: map.exports[index].section.clone(),
                    problem,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Plan {
            entries,
            left_out: sql::plan_left_out(map, catalog.dialect),
            withheld: withheld(map),
        })
    }

    /// The entries that feed a section.
    pub fn of(&self, section: Section) -> impl Iterator<Item = &EntryPlan> {
        self.entries
            .iter()
            .filter(move |entry| entry.section == section)
    }

    /// The SELECTs of the ids of all threads with their places, where a server is asked by threads.
    pub(crate) fn numbered_threads(&self) -> Option<Vec<&str>> {
        self.of(Section::Threads)
            .map(|threads| threads.numbered_ids.as_deref())
            .collect()
    }

    /// Whether the product has such a section at all.
    pub fn has(&self, section: Section) -> bool {
        match section {
            Section::FileContents => self.entries.iter().any(|entry| entry.contents.is_some()),
            _ => self.of(section).next().is_some(),
        }
    }

    /// Whether some bytes stand outside the database.
    pub fn needs_file_store(&self) -> bool {
        let is_stored = |contents: &ContentsPlan| matches!(contents, ContentsPlan::Stored(..));
        self.entries
            .iter()
            .any(|entry| entry.contents.as_ref().is_some_and(is_stored))
    }

    /// Every statement with its purpose, for the gate.
    pub fn statements(&self) -> Vec<(String, String)> {
        self.entries
            .iter()
            .map(|entry| (entry.purpose.clone(), entry.sql.clone()))
            .collect()
    }
}

/// What stays, in the order of the map, each once.
fn withheld(map: &DataMap) -> Vec<WithheldHeader> {
    let mut list: Vec<WithheldHeader> = Vec::new();
    for entry in &map.exports {
        let columns = entry.withheld.values();
        let keys = entry.json.values().flat_map(|json| json.withheld.values());
        for withheld in columns.chain(keys) {
            let Some(ground) = Ground::named(&withheld.ground) else {
                continue;
            };
            let line = WithheldHeader {
                section: entry.section.clone(),
                what: withheld.what.clone(),
                ground,
                reason: withheld.reason.clone(),
            };
            if !list.contains(&line) {
                list.push(line);
            }
        }
    }
    list
}
