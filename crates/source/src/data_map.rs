//! The data map: what a product holds, whose it is, and what leaves with an export.
//!
//! This file is the grammar, as types; `docs/DATA-MAP.md` explains it. `check.rs` says what is wrong
//! with a map in words that name the place and the fix.

mod on_import;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::plan::Dialect;

pub use self::on_import::{Import, OnImport};

/// A parsed data map.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataMap {
    /// Version of the grammar; 1.
    pub map_version: u32,
    /// The product's name, for people.
    pub product: String,
    /// First part of the file's name, `[a-z0-9-]`.
    pub file_prefix: String,
    /// Who answers for the data.
    pub controller: Controller,
    /// What GDPR Art. 15(1) asks to be told beside the data.
    #[serde(default)]
    pub processing: Processing,
    /// Which part of the database the gate looks at.
    #[serde(default)]
    pub database: Database,
    /// Who can ask.
    pub subject: SubjectTable,
    /// The built-in sign-in; off when absent.
    pub sign_in: Option<SignIn>,
    /// Rows that are exported, in order.
    #[serde(default, rename = "export")]
    pub exports: Vec<ExportEntry>,
    /// Rows that are counted as left out.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// Whether `carryall import` can bring an export back.
    #[serde(default)]
    pub import: Import,
    /// Tables that hold nothing personal, with the reason.
    #[serde(default)]
    pub not_personal: BTreeMap<String, String>,
}

impl DataMap {
    /// The map of one engine's database: without the entries that are another's.
    #[must_use]
    pub fn on(&self, engine: Dialect) -> DataMap {
        let mut map = self.clone();
        map.exports
            .retain(|entry| entry.engine.is_none_or(|only| only == engine));
        map
    }
}

/// The controller (GDPR Art. 4(7)) and where to turn.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Name of the organisation.
    pub name: String,
    /// Where to send a question about one's data.
    pub contact: String,
    /// Where to turn when the export fails; the contact when absent.
    pub support: Option<String>,
}

/// Art. 15(1) in plain words.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// What the data is used for.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// Who receives it.
    #[serde(default)]
    pub recipients: Vec<String>,
    /// How long it is kept.
    pub retention: Option<String>,
    /// What the person can ask for.
    pub rights: Option<String>,
}

/// Scope of the gate.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// PostgreSQL schemas; SQLite has only one.
    #[serde(default)]
    pub schemas: Vec<String>,
}

/// The table of people.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectTable {
    /// Its name.
    pub table: String,
    /// The column that `owner` columns refer to.
    pub key: String,
    /// The column with the e-mail address.
    pub email: Option<String>,
    /// The column with the name to show.
    pub name: Option<String>,
    /// The column that is false, 0 or null for a disabled account.
    pub active: Option<String>,
}

/// Where the product keeps its password hashes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The table.
    pub table: String,
    /// The column with the subject's key.
    pub key: String,
    /// The column with the name to sign in with.
    pub login: String,
    /// The column with an argon2 or bcrypt hash.
    pub password_hash: String,
    /// The column with the secret of an authenticator app (RFC 6238), in base32; null where none is set up.
    pub totp_secret: Option<String>,
    /// The column that is false, 0 or null for a disabled account.
    pub active: Option<String>,
    /// Columns that, when set, send the person to the product's own sign-in.
    #[serde(default)]
    pub refuse_when: Vec<String>,
}

/// SQL, the same for every engine or one for each.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Sql {
    /// For every engine.
    Any(String),
    /// One for each engine.
    PerEngine {
        /// For SQLite.
        sqlite: Option<String>,
        /// For PostgreSQL.
        postgres: Option<String>,
    },
}

/// Rows of one table or query that go into one section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportEntry {
    /// Which one of the map it is, from 1.
    #[serde(skip)]
    pub number: usize,
    /// The only engine whose database has such rows; every one when absent.
    pub engine: Option<Dialect>,
    /// Key of the section.
    pub section: String,
    /// The product's word, for `other_records`.
    pub collection: Option<String>,
    /// The table; or `query`.
    pub table: Option<String>,
    /// A SELECT that stands for a table.
    pub query: Option<Sql>,
    /// Column that holds the subject's key; or `parent`.
    pub owner: Option<String>,
    /// Column that holds the id of an exported record.
    pub parent: Option<Parent>,
    /// Column with the person who wrote the row.
    pub author: Option<String>,
    /// Condition that narrows the rows.
    #[serde(rename = "where")]
    pub condition: Option<Sql>,
    /// Object or list of `account_settings` that the fields go into.
    pub into: Option<String>,
    /// Fields of the format, by name.
    #[serde(default)]
    pub fields: BTreeMap<String, FieldForm>,
    /// Columns that go under `extra` by their own names.
    #[serde(default)]
    pub extra: Vec<String>,
    /// JSON columns, key by key.
    #[serde(default)]
    pub json: BTreeMap<String, JsonColumn>,
    /// Columns that stay, with the ground.
    #[serde(default)]
    pub withheld: BTreeMap<String, Withheld>,
    /// What a query accounts for: `table` = columns, `table.column` = JSON paths.
    #[serde(default)]
    pub covers: BTreeMap<String, Vec<String>>,
    /// Where a file's bytes are.
    pub content: Option<Content>,
    /// Lets `carryall import` make rows, with values for columns that never left; without it none are made.
    pub on_import: Option<BTreeMap<String, OnImport>>,
    /// Section of whose imported records each gets a row here, unless the file has one.
    pub import_for_each: Option<String>,
    /// Why rows are never imported, for people.
    pub not_imported: Option<String>,
}

/// The record that a row belongs to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its section.
    pub section: String,
    /// The column that holds its id.
    pub column: String,
}

/// One field's value, as people write it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum FieldForm {
    /// A column.
    Column(String),
    /// Columns joined by `:`.
    Composite(Vec<String>),
    /// A column or SQL with more to say.
    Detailed(Box<FieldDetail>),
}

impl FieldForm {
    /// Every column that it speaks of; those of its SQL as far as `covers` names them.
    #[must_use]
    pub fn columns(&self) -> Vec<&String> {
        match self {
            FieldForm::Column(column) => vec![column],
            FieldForm::Composite(columns) => columns.iter().collect(),
            FieldForm::Detailed(detail) => detail
                .column
                .iter()
                .chain(&detail.id_prefix)
                .chain(&detail.covers)
                .collect(),
        }
    }
}

/// The long form of a field.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDetail {
    /// The column.
    pub column: Option<String>,
    /// Path inside a JSON column; empty for the whole value.
    pub json: Option<String>,
    /// `s`, `ms`, `us` or `ns` since 1970.
    pub unit: Option<String>,
    /// IANA zone of a text time without offset.
    pub zone: Option<String>,
    /// Translation of values.
    pub values: Option<BTreeMap<String, String>>,
    /// Column whose value and `-` stand before the value.
    pub id_prefix: Option<String>,
    /// A constant.
    pub value: Option<String>,
    /// SQL over the row's columns.
    pub sql: Option<Sql>,
    /// Columns that the SQL accounts for.
    #[serde(default)]
    pub covers: Vec<String>,
    /// Kind, for a name that the format does not have.
    pub kind: Option<String>,
}

/// What is done with each key of a JSON column.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonColumn {
    /// Paths exported under `extra`.
    #[serde(default)]
    pub keep: Vec<KeepPath>,
    /// Paths that stay, with the ground.
    #[serde(default)]
    pub withheld: BTreeMap<String, Withheld>,
    /// Paths whose value stands in a field elsewhere: path = `section.field`.
    #[serde(default)]
    pub same_as: BTreeMap<String, String>,
}

/// A path to keep.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum KeepPath {
    /// A leaf.
    Path(String),
    /// With a reason, as a path that ends in `*` needs.
    Reasoned {
        /// The path.
        path: String,
        /// Why everything below it may leave.
        reason: String,
    },
}

/// Why something stays.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    /// One of the format's grounds.
    pub ground: String,
    /// What it is, in the person's words.
    pub what: String,
    /// Why it stays, in the person's words.
    pub reason: String,
}

/// Where a file's bytes are.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Column with the storage key.
    pub key: Option<String>,
    /// `last_slash`: the key is what follows the last `/`.
    pub after: Option<String>,
    /// Prefixes of which the first that fits is cut off.
    #[serde(default)]
    pub strip_prefix: Vec<String>,
    /// Column that holds the bytes themselves.
    pub column: Option<String>,
}

/// Records that are left out and counted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Their section.
    pub section: String,
    /// One of the format's grounds.
    pub ground: String,
    /// What they are, in the person's words.
    pub what: String,
    /// One row for each.
    pub query: Sql,
    /// Column of the query that holds the subject's key.
    pub owner: String,
}
