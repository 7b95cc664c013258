//! The database that is written to, as an import sees it: one transaction and five questions.

use super::columns::ColumnPlan;
use super::error::ImportError;
use super::values::Cell;
use crate::plan::quote;

/// A column as it stands in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TableColumn {
    pub(super) name: String,
    /// Its type, without a length.
    pub(super) declared: String,
    pub(super) not_null: bool,
    pub(super) has_default: bool,
    pub(super) generated: bool,
}

/// Columns that refer to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ForeignKey {
    pub(super) columns: Vec<String>,
    /// The table that they refer to.
    pub(super) table: String,
}

/// Rows to look for by their ids.
#[derive(Debug, Clone)]
pub(super) struct Lookup<'a> {
    pub(super) table: &'a str,
    pub(super) id: &'a ColumnPlan,
    /// Columns that say whose a row is, shown as text.
    pub(super) whose: Vec<&'a str>,
}

impl Lookup<'_> {
    /// `whose` behind the id in a list of columns, each made text in the engine's words.
    pub(super) fn shown(&self, as_text: impl Fn(&str) -> String) -> String {
        let shown = self.whose.iter().map(|name| as_text(&quote(name)));
        let shown: Vec<_> = shown.map(|column| format!(", {column}")).collect();
        shown.concat()
    }
}

/// A row that was found: its id, and what the asked columns hold.
pub(super) type Found = (String, Vec<Option<String>>);

/// Where rows go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) table: &'a str,
    pub(super) columns: &'a [ColumnPlan],
    /// Whether a row that is there already is left as it is.
    pub(super) may_be_there: bool,
}

/// Why rows were not taken.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The values break a rule of the table: the same rows would be refused again.
    Rule(String),
    /// Everything else, which ends the import.
    Failed(ImportError),
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Refusal {
        Refusal::Failed(error)
    }
}

/// One engine.
///
/// Promises of each: everything happens in one transaction, which is undone when the value is dropped before
/// `commit`; values are bound, never written into SQL; references between tables are checked by the database.
pub(super) trait Database {
    /// The columns of a table, in order.
    fn columns(&mut self, table: &str) -> Result<Vec<TableColumn>, ImportError>;

    /// Which columns of a table refer to which.
    fn foreign_keys(&mut self, table: &str) -> Result<Vec<ForeignKey>, ImportError>;

    /// Those of the rows that are there. Each id is one that the column can hold.
    fn find(&mut self, lookup: &Lookup<'_>, ids: &[String]) -> Result<Vec<Found>, ImportError>;

    /// Adds all of these rows, or none; how many were added.
    fn insert(&mut self, target: Target<'_>, rows: &[Vec<Cell>]) -> Result<u64, Refusal>;

    /// Sets one column of the row with this id.
    fn update(
        &mut self,
        table: &str,
        id: (&ColumnPlan, &Cell),
        set: (&ColumnPlan, &Cell),
    ) -> Result<(), Refusal>;

    /// Makes everything permanent.
    fn commit(&mut self) -> Result<(), ImportError>;

    /// Undoes everything.
    fn roll_back(&mut self) -> Result<(), ImportError>;

    /// Whether a text may hold U+0000.
    fn holds_nul(&self) -> bool;
}
