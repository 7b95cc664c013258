//! The completeness gate: everything that a database holds, held against what the data map names.
//!
//! Promises: the catalogue is the ground truth, never the map, so a column that the product's next
//! migration adds is a finding; with the data read, so is a key inside a JSON column, and a `same_as`
//! that does not hold; no finding shows a value of anybody's, only its type.
//!
//! What counts as accounted for:
//! - a column that is exported, withheld or covered by a query; the `owner` column (it equals the
//!   person's key), the column of the `parent` (it equals an exported id) and the `author`;
//! - every column of a table under `[not_personal]`;
//! - what is derived: views and generated columns hold nothing of their own, shadow tables belong to
//!   their virtual table, and a full-text index on an external table repeats that table's columns.
//!
//! `[subject]`, `[sign_in]` and `content` use columns without saying what becomes of them, and so
//! account for nothing.

mod columns;
mod derived;
mod keys;
mod leaves;
mod named;
mod plans;
mod print;
mod queries;
mod same_as;

use carryall_format::section::Section;
use serde::Serialize;

use crate::catalog::Catalog;
use crate::check::{MapProblem, check_against};
use crate::data_map::DataMap;
use crate::error::SourceError;
use crate::snapshot::Snapshot;

pub use plans::{PlanStatement, PlanVerdict, Verdict, check_plans};

/// What the gate found.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The product's name.
    pub product: String,
    /// Whether nothing stands against an export.
    pub complete: bool,
    /// How many tables and views exist.
    pub tables: usize,
    /// How many columns they have.
    pub columns: usize,
    /// How many JSON values were read; `None` when only the catalogue was.
    pub json_values: Option<u64>,
    /// What is wrong, in the order of the catalogue.
    pub findings: Vec<Finding>,
    /// What needs no entry, and why.
    pub derived: Vec<Derived>,
    /// How each statement would run.
    pub plans: Vec<PlanVerdict>,
}

/// One thing that the map does not account for, or says wrongly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The table, or the place in the map.
    pub table: String,
    /// The column, unless it is about the whole table.
    pub column: Option<String>,
    /// The path inside a JSON column.
    pub path: Option<String>,
    /// In how many values it was met.
    pub count: Option<u64>,
    /// The type of a value met; never the value.
    pub example: Option<&'static str>,
    /// What is wrong.
    pub problem: String,
    /// The line to add to the map.
    pub fix: String,
    /// Whether the gate fails on it.
    pub blocks: bool,
}

/// A relation or column that repeats others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Derived {
    /// `view`, `table.column`.
    pub name: String,
    /// What it repeats.
    pub why: String,
}

impl Report {
    /// Whether nothing stands against an export.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The same report with how each statement would run; a refused plan makes it incomplete.
    #[must_use]
    pub fn with_plans(mut self, plans: Vec<PlanVerdict>) -> Report {
        self.complete &= !plans.iter().any(|plan| plan.verdict == Verdict::Refused);
        self.plans.extend(plans);
        self
    }
}

/// A column that exists and that the map does not name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnmappedColumn {
    /// Its table.
    pub table: String,
    /// Its name.
    pub column: String,
    /// The section that the table feeds; `None` when the map does not name the table.
    pub section: Option<Section>,
}

/// What an export has to admit to: the product's next migration has been there, and the gate has not.
#[must_use]
pub fn unmapped_columns(map: &DataMap, catalog: &Catalog) -> Vec<UnmappedColumn> {
    columns::find_unmapped(&map.on(catalog.dialect), catalog)
}

/// Reads the catalogue and, `with_data`, every JSON value of everybody.
pub fn coverage(
    snapshot: &Snapshot,
    map: &DataMap,
    with_data: bool,
) -> Result<Report, SourceError> {
    let catalog = snapshot.catalog()?;
    let map = &map.on(catalog.dialect);
    let wrong = check_against(map, &catalog);
    let is_readable = wrong.is_empty();
    let mut findings: Vec<_> = wrong.into_iter().map(Finding::from).collect();
    let named = named::Named::new(map, &catalog);
    let derived = derived::find_derived(snapshot, &catalog, &named)?;
    findings.extend(columns::check_columns(map, &catalog, &named, &derived));
    let queries = queries::check_queries(snapshot, map);
    // What cannot be run cannot be read: the problems above come first.
    let reads = with_data && is_readable && queries.is_empty();
    findings.extend(queries);
    let mut json_values = None;
    if reads {
        let (values, found) = keys::check_keys(snapshot, map, &catalog, &named)?;
        json_values = Some(values);
        findings.extend(found);
        findings.extend(same_as::check_claims(snapshot, map)?);
    }
    Ok(Report {
        product: map.product.clone(),
        complete: !findings.iter().any(|finding| finding.blocks),
        tables: catalog.tables.len(),
        columns: count_columns(&catalog),
        json_values,
        findings,
        derived,
        plans: Vec::new(),
    })
}

/// Double-quotes a name.
fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn count_columns(catalog: &Catalog) -> usize {
    catalog.tables.iter().map(|table| table.columns.len()).sum()
}

impl From<MapProblem> for Finding {
    fn from(problem: MapProblem) -> Self {
        Finding {
            table: problem.place,
            column: None,
            path: None,
            count: None,
            example: None,
            problem: problem.problem,
            fix: problem.fix,
            blocks: true,
        }
    }
}
