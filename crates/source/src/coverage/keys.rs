//! Every JSON value of everybody, read for keys that the map does not name.
//!
//! Keys are found by the filter that an export uses, so what passes here leaves no gap
//! `unmapped_key` there.

use std::collections::BTreeMap;

use carryall_format::json::{JsonIssues, JsonPath, KeyFilter, Rule, filter, values_at};

use super::Finding;
use super::leaves::json_type;
use super::named::{Named, NamedPaths, json_paths};
use super::quote;
use crate::catalog::Catalog;
use crate::check::place_of;
use crate::data_map::{DataMap, ExportEntry};
use crate::error::SourceError;
use crate::plan::Dialect;
use crate::snapshot::Snapshot;

/// Returns how many values were read, and what was found.
pub(super) fn check_keys(
    snapshot: &Snapshot,
    map: &DataMap,
    catalog: &Catalog,
    named: &Named,
) -> Result<(u64, Vec<Finding>), SourceError> {
    let mut values = 0;
    let mut findings = Vec::new();
    for (table, column, paths) in named.json_columns() {
        let Some(found) = catalog.table(table) else {
            continue;
        };
        let Some(column) = found.column(column) else {
            continue;
        };
        let sql = format!(
            "SELECT {} FROM {}",
            quote(&column.name),
            snapshot.dialect().table(&found.name)
        );
        let seen = read(snapshot, &sql, paths)?;
        values += seen.values;
        let place = place_on(map, &found.name, &column.name);
        findings.extend(seen.findings(&found.name, &column.name, &place));
    }
    for (index, entry) in map.exports.iter().enumerate() {
        let place = place_of(map, index);
        for (column, sql, paths) in query_columns(entry, snapshot.dialect()) {
            let seen = read(snapshot, &sql, &paths)?;
            values += seen.values;
            findings.extend(seen.findings(&place, &column, &place));
        }
    }
    Ok((values, findings))
}

/// JSON columns that a query shows.
fn query_columns(entry: &ExportEntry, dialect: Dialect) -> Vec<(String, String, NamedPaths)> {
    let Some(query) = entry
        .query
        .as_ref()
        .and_then(|query| dialect.of(query).ok())
    else {
        return Vec::new();
    };
    json_paths(entry)
        .into_iter()
        .map(|(column, paths)| {
            let sql = format!("SELECT t.{} FROM ({query}) AS t", quote(&column));
            (column, sql, paths)
        })
        .collect()
}

/// Where a fix belongs: the entry that names keys of this column, or the first on the table.
fn place_on(map: &DataMap, table: &str, column: &str) -> String {
    let reads = |index: &usize| {
        map.exports[*index]
            .table
            .as_deref()
            .is_some_and(|read| read.eq_ignore_ascii_case(table))
    };
    let names = |index: &usize| {
        json_paths(&map.exports[*index])
            .keys()
            .any(|name| name.eq_ignore_ascii_case(column))
    };
    let all = 0..map.exports.len();
    let index = all
        .clone()
        .filter(reads)
        .find(names)
        .or_else(|| all.clone().find(reads));
    index.map_or_else(
        || format!("the entry that covers {table}.{column}"),
        |index| place_of(map, index),
    )
}

/// What was met in one column.
#[derive(Debug, Default)]
struct Seen {
    values: u64,
    /// By path: how often, and the type of the first.
    unnamed: BTreeMap<String, (u64, Option<&'static str>)>,
    not_json: u64,
}

fn read(snapshot: &Snapshot, sql: &str, paths: &[(String, Rule)]) -> Result<Seen, SourceError> {
    let rules = paths
        .iter()
        .filter_map(|(path, rule)| JsonPath::parse(path).ok().map(|path| (path, *rule)));
    let keys = KeyFilter::new(rules);
    let mut seen = Seen::default();
    let mut out = Vec::new();
    snapshot
        .prepare_for("read a JSON column", sql)?
        .for_each(&[], |row| {
            if let Some(text) = row.value(0).bytes() {
                seen.add(text, &keys, &mut out);
            }
            Ok::<(), SourceError>(())
        })?;
    Ok(seen)
}

impl Seen {
    fn add(&mut self, text: &[u8], keys: &KeyFilter, out: &mut Vec<u8>) {
        self.values += 1;
        out.clear();
        let mut issues = JsonIssues::default();
        if filter(out, text, keys, &mut issues).is_err() {
            self.not_json += 1;
            return;
        }
        for path in issues.unmapped {
            let met = self
                .unnamed
                .entry(path)
                .or_insert_with_key(|path| (0, type_at(text, path)));
            met.0 += 1;
        }
    }

    fn findings(self, table: &str, column: &str, place: &str) -> Vec<Finding> {
        let finding = |path: Option<String>, count, example, problem: &str, fix, blocks| Finding {
            table: table.to_owned(),
            column: Some(column.to_owned()),
            path,
            count: Some(count),
            example,
            problem: problem.to_owned(),
            fix,
            blocks,
        };
        let mut findings = Vec::new();
        for (path, (count, example)) in self.unnamed {
            let fix = format!(
                "json.{column}.keep = [\"{path}\"], or json.{column}.withheld.\"{path}\" = \
                 {{ ground = \"…\", what = \"…\", reason = \"…\" }}, in {place}"
            );
            let problem = "the map does not name this key";
            findings.push(finding(Some(path), count, example, problem, fix, true));
        }
        if self.not_json > 0 {
            let fix = "nothing to add: an export has a gap `invalid_json` for each".to_owned();
            let problem = "these values are no valid JSON";
            findings.push(finding(None, self.not_json, None, problem, fix, false));
        }
        findings
    }
}

/// The type of the first value at a path; the value itself is nobody's business here.
fn type_at(text: &[u8], path: &str) -> Option<&'static str> {
    let path = JsonPath::parse(path).ok()?;
    let mut example = None;
    values_at(text, &path, |value| {
        example.get_or_insert_with(|| json_type(&value));
    })
    .ok()?;
    example
}
