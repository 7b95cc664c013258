//! What each column of an imported row gets: the forms of the data map, turned round one by one.

use std::collections::BTreeMap;

use carryall_format::encode::Unit;
use carryall_format::section::{Field, Kind, Section};
use jiff::tz::TimeZone;
use toml::Value as Toml;

use super::database::TableColumn;
use super::values::Cell;
use crate::data_map::{ExportEntry, FieldDetail, FieldForm, OnImport};
use crate::plan::named_kind;

/// Keys from a record to a value: `["extra", "rating"]`.
pub(super) type Path = Vec<String>;

/// What one column gets.
#[derive(Debug)]
pub(super) struct ColumnPlan {
    pub(super) name: String,
    /// As the database declares it, without a length.
    pub(super) declared: String,
    pub(super) of: ColumnType,
    pub(super) not_null: bool,
    pub(super) from: Origin,
    /// Where the file has what the data map replaces; empty where it replaces nothing.
    pub(super) replaced: Path,
    /// What it gets where the file has nothing.
    pub(super) absent: Absent,
    /// Translations of the file's words into the product's.
    pub(super) words: Vec<(String, String)>,
    /// Whether it is set only when all rows of the table are there.
    pub(super) is_later: bool,
}

/// Where a value comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// Nothing but what stands for absence.
    Nothing,
    /// The target person's key.
    Subject,
    /// The record's id, or what took its place.
    Id,
    /// A field of this kind.
    Field(Path, Kind),
    /// A time in this unit, or as text in this zone.
    Time(Path, Option<Unit>, Option<TimeZone>),
    /// A column as it was stored.
    Stored(Path),
    /// A person: the target, or nobody.
    Person(Path),
    /// An id of a record.
    Ref(Path, Section),
    /// Ids of records, as JSON.
    Refs(Path, Section),
    /// A JSON value.
    Json(Path),
    /// Always this.
    Fixed(Cell),
    /// A key of the file store that begins so.
    FileKey(String),
    /// A UUID of its own.
    NewId,
}

impl Origin {
    /// Whether it says nothing of its own.
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Origin::Nothing)
    }

    /// Where it looks in a record.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Origin::Field(path, _)
            | Origin::Time(path, ..)
            | Origin::Stored(path)
            | Origin::Person(path)
            | Origin::Ref(path, _)
            | Origin::Refs(path, _)
            | Origin::Json(path) => Some(path),
            Origin::Nothing
            | Origin::Subject
            | Origin::Id
            | Origin::Fixed(_)
            | Origin::FileKey(_)
            | Origin::NewId => None,
        }
    }
}

/// What a column gets where the file has nothing.
#[derive(Debug)]
pub(super) enum Absent {
    Null,
    Value(Cell),
    /// The moment of the export.
    ExportTime,
}

/// As far as values differ by the column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text,
    Uuid,
    Integer,
    Real,
    Boolean,
    Blob,
    Other,
}

impl ColumnType {
    /// From the words of the database.
    pub(super) fn of(declared: &str) -> ColumnType {
        let word = declared.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
        if word.ends_with("[]") {
            ColumnType::Other
        } else if word == "uuid" {
            ColumnType::Uuid
        } else if has(&["bool"]) {
            ColumnType::Boolean
        } else if has(&["blob", "bytea"]) {
            ColumnType::Blob
        } else if has(&["char", "text", "clob"]) {
            ColumnType::Text
        } else if has(&["real", "floa", "doub", "numeric", "decimal"]) {
            ColumnType::Real
        } else if has(&["int", "serial"]) && !has(&["interval", "point"]) {
            ColumnType::Integer
        } else {
            ColumnType::Other
        }
    }
}

/// Collects the columns of one entry.
struct Collecting<'a> {
    entry: &'a ExportEntry,
    known: &'static [Field],
    found: &'a [TableColumn],
    columns: BTreeMap<String, ColumnPlan>,
    problem: &'a mut dyn FnMut(String, String),
}

/// What each column gets. Names that the table does not have were refused before.
pub(super) fn column_plans(
    entry: &ExportEntry,
    section: Section,
    found: &[TableColumn],
    problem: &mut dyn FnMut(String, String),
) -> Vec<ColumnPlan> {
    let known = match entry.into.as_deref().and_then(|into| section.field(into)) {
        None => section.fields(),
        Some(field) => {
            let Kind::Object(fields) = field.kind else {
                problem(
                    format!("`into = \"{}\"` is a list", field.name),
                    "say why it is not imported as `not_imported`".to_owned(),
                );
                return Vec::new();
            };
            fields
        }
    };
    let mut collecting = Collecting {
        entry,
        known,
        found,
        columns: BTreeMap::new(),
        problem,
    };
    collecting.whose();
    for (name, form) in &entry.fields {
        collecting.field(name, form);
    }
    for name in &entry.extra {
        collecting.put(
            name,
            Origin::Stored(collecting.path(name, true)),
            Vec::new(),
        );
    }
    for (name, json) in &entry.json {
        if !json.keep.is_empty() {
            collecting.put(name, Origin::Json(collecting.path(name, true)), Vec::new());
        }
    }
    for (name, on_import) in entry.on_import.iter().flatten() {
        collecting.on_import(name, on_import);
    }
    collecting.columns.into_values().collect()
}

impl Collecting<'_> {
    fn path(&self, name: &str, in_extra: bool) -> Path {
        let into = self.entry.into.iter().cloned();
        let extra = in_extra.then(|| "extra".to_owned());
        into.chain(extra).chain([name.to_owned()]).collect()
    }

    /// The owner is the target, whatever a field says; so is an author.
    fn whose(&mut self) {
        let entry = self.entry;
        if let Some(owner) = &entry.owner {
            self.put(owner, Origin::Subject, Vec::new());
        }
        if let Some(parent) = &entry.parent
            && let Some(section) = Section::named(&parent.section)
        {
            let field = self
                .known
                .iter()
                .find(|field| field.kind == Kind::Ref(section));
            match field {
                Some(field) => {
                    let path = self.path(field.name, false);
                    self.put(&parent.column, Origin::Ref(path, section), Vec::new());
                }
                None => (self.problem)(
                    format!(
                        "no field of the record names its parent `{}`",
                        parent.column
                    ),
                    "remove `on_import`".to_owned(),
                ),
            }
        }
    }

    fn field(&mut self, name: &str, form: &FieldForm) {
        let plain = FieldDetail::default();
        let (column, detail) = match form {
            FieldForm::Column(column) => (column, &plain),
            // Its columns must come from elsewhere, which is looked at when all is known.
            FieldForm::Composite(_) => return,
            FieldForm::Detailed(detail) => match &detail.column {
                Some(column) => (column, &**detail),
                // A constant, or computed.
                None => return,
            },
        };
        let known = self.known.iter().find(|field| field.name == name);
        let kind = known
            .map(|field| field.kind)
            .or(detail.kind.as_deref().and_then(named_kind));
        let path = self.path(name, known.is_none());
        let words = self.words(name, detail);
        if detail.id_prefix.is_some() {
            return self.cannot(name, "it puts another column before its value");
        }
        if detail.json.as_deref().is_some_and(|json| !json.is_empty()) {
            return self.cannot(name, "it takes a part of a JSON column");
        }
        let from = match kind {
            Some(Kind::Id) if self.entry.into.is_none() => Origin::Id,
            Some(Kind::Ref(section)) => Origin::Ref(path, section),
            Some(Kind::Refs(section)) => Origin::Refs(path, section),
            Some(Kind::Person) => Origin::Person(path),
            Some(Kind::Json) => Origin::Json(path),
            Some(Kind::Timestamp) => Origin::Time(
                path,
                detail.unit.as_deref().and_then(Unit::named),
                detail
                    .zone
                    .as_deref()
                    .and_then(|zone| TimeZone::get(zone).ok()),
            ),
            Some(kind) => Origin::Field(path, kind),
            None => Origin::Stored(path),
        };
        self.put(column, from, words);
    }

    /// The file's words for the product's; one word for several cannot be turned round.
    fn words(&mut self, name: &str, detail: &FieldDetail) -> Vec<(String, String)> {
        let mut words: BTreeMap<String, String> = BTreeMap::new();
        for (stored, said) in detail.values.iter().flatten() {
            if let Some(other) = words.insert(said.clone(), stored.clone()) {
                self.cannot(
                    name,
                    &format!("`{other}` and `{stored}` both became `{said}`"),
                );
            }
        }
        words.into_iter().collect()
    }

    fn cannot(&mut self, name: &str, why: &str) {
        (self.problem)(
            format!("`fields.{name}` cannot be turned round: {why}"),
            "give the column a value in `on_import`, or remove `on_import`".to_owned(),
        );
    }

    /// The first that says something of a column counts: owner and parent before fields.
    fn put(&mut self, name: &str, from: Origin, words: Vec<(String, String)>) {
        let Some(found) = self.found.iter().find(|found| found.name == name) else {
            return;
        };
        if found.generated || self.columns.contains_key(name) {
            return;
        }
        self.columns.insert(
            name.to_owned(),
            ColumnPlan {
                name: name.to_owned(),
                declared: found.declared.clone(),
                of: ColumnType::of(&found.declared),
                not_null: found.not_null,
                from,
                replaced: Path::new(),
                absent: Absent::Null,
                words,
                is_later: false,
            },
        );
    }

    fn on_import(&mut self, name: &str, on_import: &OnImport) {
        self.put(name, Origin::Nothing, Vec::new());
        let Some(column) = self.columns.get_mut(name) else {
            return;
        };
        let always = if let Some(value) = &on_import.value {
            Origin::Fixed(cell(value))
        } else if on_import.null == Some(true) {
            Origin::Fixed(Cell::Null)
        } else if let Some(prefix) = &on_import.file_key {
            Origin::FileKey(prefix.clone())
        } else if on_import.new_id == Some(true) {
            Origin::NewId
        } else {
            column.absent = match &on_import.absent {
                Some(value) => Absent::Value(cell(value)),
                None => Absent::ExportTime,
            };
            return;
        };
        column.replaced = column.from.path().cloned().unwrap_or_default();
        column.from = always;
    }
}

fn cell(value: &Toml) -> Cell {
    match value {
        Toml::String(text) => Cell::Text(text.clone()),
        Toml::Integer(integer) => Cell::Integer(*integer),
        Toml::Float(real) => Cell::Real(*real),
        Toml::Boolean(truth) => Cell::Boolean(*truth),
        other => Cell::Text(other.to_string()),
    }
}
