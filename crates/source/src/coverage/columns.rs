//! Every table and column of the catalogue, held against the map's names.

use carryall_format::section::Section;

use super::named::Named;
use super::{Derived, Finding, UnmappedColumn};
use crate::catalog::{Catalog, Column, Table, TableKind};
use crate::check::{is_json_type, place_of};
use crate::data_map::DataMap;

/// Columns that usually hold the key of the person.
const OWNERS: [&str; 6] = [
    "user_id",
    "owner_id",
    "account_id",
    "member_id",
    "created_by",
    "author_id",
];

pub(super) fn check_columns(
    map: &DataMap,
    catalog: &Catalog,
    named: &Named,
    derived: &[Derived],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for table in &catalog.tables {
        if is_impersonal(map, table) || is_derived(derived, &table.name) {
            continue;
        }
        if !named.has_table(&table.name) {
            findings.push(unnamed_table(table));
            continue;
        }
        for column in table.columns.iter().filter(|column| !column.hidden) {
            let name = format!("{}.{}", table.name, column.name);
            if !named.has_column(&table.name, &column.name) && !is_derived(derived, &name) {
                findings.push(unnamed_column(map, table, column));
            }
        }
    }
    findings
}

/// The columns that the catalogue alone shows to be unnamed. Virtual tables are left to the gate, which
/// reads their definitions.
pub(super) fn find_unmapped(map: &DataMap, catalog: &Catalog) -> Vec<UnmappedColumn> {
    let named = Named::new(map, catalog);
    let mut unmapped = Vec::new();
    for table in &catalog.tables {
        let is_named = named.has_table(&table.name);
        if is_impersonal(map, table) || (table.kind != TableKind::Table && !is_named) {
            continue;
        }
        let section =
            reading(map, table).and_then(|index| Section::named(&map.exports[index].section));
        for column in table
            .columns
            .iter()
            .filter(|column| !column.hidden && !column.generated)
        {
            if !named.has_column(&table.name, &column.name) {
                let (table, column) = (table.name.clone(), column.name.clone());
                unmapped.push(UnmappedColumn {
                    table,
                    column,
                    section,
                });
            }
        }
    }
    unmapped
}

fn is_impersonal(map: &DataMap, table: &Table) -> bool {
    map.not_personal
        .keys()
        .any(|name| name.eq_ignore_ascii_case(&table.name))
}

/// The first entry on a table.
fn reading(map: &DataMap, table: &Table) -> Option<usize> {
    (0..map.exports.len()).find(|index| {
        let read = map.exports[*index].table.as_ref();
        read.is_some_and(|read| read.eq_ignore_ascii_case(&table.name))
    })
}

fn is_derived(derived: &[Derived], name: &str) -> bool {
    derived.iter().any(|part| part.name == name)
}

fn unnamed_table(table: &Table) -> Finding {
    let name = &table.name;
    let owner = OWNERS
        .into_iter()
        .find(|owner| table.column(owner).is_some());
    let fix = match owner {
        Some(owner) => format!(
            "[[export]] section = \"other_records\", collection = \"{name}\", table = \"{name}\", \
             owner = \"{owner}\", …"
        ),
        None => format!("[not_personal] {name} = \"…\", or an [[export]] that reads it"),
    };
    let problem = match &table.unreadable {
        None => format!(
            "the map does not name this table ({} columns)",
            table.columns.len()
        ),
        Some(why) => {
            format!("the map does not name this table, and its columns cannot be read: {why}")
        }
    };
    finding(name, None, problem, fix)
}

fn unnamed_column(map: &DataMap, table: &Table, column: &Column) -> Finding {
    let name = &column.name;
    let reading = reading(map, table);
    let line = if is_json_type(&column.declared_type) {
        format!("json.{name}.keep = [\"…\"]")
    } else if reading.is_none() {
        format!("covers = {{ {} = [\"{name}\"] }}", table.name)
    } else {
        format!("extra = [\"{name}\"]")
    };
    let withheld = format!("withheld.{name} = {{ ground = \"…\", what = \"…\", reason = \"…\" }}");
    let fix = match reading {
        Some(index) => format!("{line}, or {withheld}, in {}", place_of(map, index)),
        None => format!("{line} in the query's entry"),
    };
    finding(
        &table.name,
        Some(name),
        "the map does not name this column".to_owned(),
        fix,
    )
}

fn finding(table: &str, column: Option<&String>, problem: String, fix: String) -> Finding {
    Finding {
        table: table.to_owned(),
        column: column.cloned(),
        path: None,
        count: None,
        example: None,
        problem,
        fix,
        blocks: true,
    }
}
