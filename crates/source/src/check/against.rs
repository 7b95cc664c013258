//! A data map held against a database: names that are not there, JSON that would leave unread.

use std::collections::BTreeSet;

use super::entry::place_of;
use super::{MapProblem, Problems, did_you_mean};
use crate::catalog::{Catalog, Table};
use crate::data_map::{DataMap, ExportEntry, FieldForm};

/// What the map says that this database cannot give. Queries are judged when they are prepared.
#[must_use]
pub fn check_against(map: &DataMap, catalog: &Catalog) -> Vec<MapProblem> {
    let map = &map.on(catalog.dialect);
    let mut problems = Problems::default();
    if is_another_product(map, catalog, &mut problems) {
        return problems.into_list();
    }
    check_people(map, catalog, &mut problems);
    for (index, entry) in map.exports.iter().enumerate() {
        let place = place_of(map, index);
        check_covers(entry, &place, catalog, &mut problems);
        let Some(name) = &entry.table else { continue };
        let Some(table) = need_table(name, &place, catalog, &mut problems) else {
            continue;
        };
        for (place, column) in columns_of(entry, &place) {
            need_column(column, table, &place, &mut problems);
        }
        for column in entry.on_import.iter().flat_map(|columns| columns.keys()) {
            let place = format!("{place}, on_import");
            need_column(column, table, &place, &mut problems);
        }
        check_raw_json(entry, table, &place, &mut problems);
        check_units(entry, table, &place, &mut problems);
    }
    problems.into_list()
}

/// Whether the database has nothing that the map speaks of.
fn is_another_product(map: &DataMap, catalog: &Catalog, problems: &mut Problems) -> bool {
    let mut named: BTreeSet<&str> = map
        .exports
        .iter()
        .filter_map(|entry| entry.table.as_deref())
        .collect();
    named.insert(&map.subject.table);
    if named.iter().any(|name| catalog.table(name).is_some()) {
        return false;
    }
    let mut there: Vec<_> = catalog
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let more = if there.len() > 5 { ", …" } else { "" };
    there.truncate(5);
    let has = if there.is_empty() {
        "no table at all".to_owned()
    } else {
        there.join(", ") + more
    };
    let problem = format!(
        "this is not the database of {}: none of the map's {} tables exist; it has {has}",
        map.product,
        named.len()
    );
    problems.add(
        "the database",
        problem,
        "check the source and the data map: one of them is another product's",
    );
    true
}

fn check_people(map: &DataMap, catalog: &Catalog, problems: &mut Problems) {
    let subject = &map.subject;
    if let Some(table) = need_table(&subject.table, "[subject]", catalog, problems) {
        let names = [
            Some(&subject.key),
            subject.email.as_ref(),
            subject.name.as_ref(),
            subject.active.as_ref(),
        ];
        for column in names.into_iter().flatten() {
            need_column(column, table, "[subject]", problems);
        }
    }
    let Some(sign_in) = &map.sign_in else { return };
    if let Some(table) = need_table(&sign_in.table, "[sign_in]", catalog, problems) {
        let names = [&sign_in.key, &sign_in.login, &sign_in.password_hash];
        for column in names
            .into_iter()
            .chain(&sign_in.totp_secret)
            .chain(&sign_in.active)
            .chain(&sign_in.refuse_when)
        {
            need_column(column, table, "[sign_in]", problems);
        }
    }
}

fn need_table<'c>(
    name: &str,
    place: &str,
    catalog: &'c Catalog,
    problems: &mut Problems,
) -> Option<&'c Table> {
    let table = catalog.table(name);
    if table.is_none() {
        let fix = did_you_mean(name, catalog.tables.iter().map(|table| table.name.as_str()))
            .unwrap_or_else(|| "correct the name, or remove the entry".to_owned());
        problems.add(place, format!("the database has no table `{name}`"), fix);
    }
    table
}

fn need_column(name: &str, table: &Table, place: &str, problems: &mut Problems) {
    if table.unreadable.is_some() || table.column(name).is_some() {
        return;
    }
    let fix = did_you_mean(
        name,
        table.columns.iter().map(|column| column.name.as_str()),
    )
    .unwrap_or_else(|| "correct the name, or remove it".to_owned());
    problems.add(
        place,
        format!("the table `{}` has no column `{name}`", table.name),
        fix,
    );
}

/// Every column that an entry on a table speaks of, with its place.
pub(crate) fn columns_of<'e>(entry: &'e ExportEntry, place: &str) -> Vec<(String, &'e String)> {
    let content = entry.content.as_ref();
    let parent = entry.parent.as_ref();
    let single = [
        ("owner", entry.owner.as_ref()),
        ("author", entry.author.as_ref()),
        ("parent", parent.map(|parent| &parent.column)),
        ("content", content.and_then(|content| content.key.as_ref())),
        (
            "content",
            content.and_then(|content| content.column.as_ref()),
        ),
    ];
    let mut list: Vec<(String, &String)> = Vec::new();
    for (what, column) in single {
        list.extend(column.map(|column| (what.to_owned(), column)));
    }
    for (name, form) in &entry.fields {
        let columns = form.columns().into_iter();
        list.extend(columns.map(|column| (format!("fields.{name}"), column)));
    }
    let json = entry
        .json
        .keys()
        .map(|column| (format!("json.{column}"), column));
    let withheld = entry
        .withheld
        .keys()
        .map(|column| (format!("withheld.{column}"), column));
    list.extend(
        entry
            .extra
            .iter()
            .map(|column| ("extra".to_owned(), column)),
    );
    list.extend(json.chain(withheld));
    for (what, _) in &mut list {
        what.insert_str(0, &format!("{place}, "));
    }
    list
}

fn check_covers(entry: &ExportEntry, place: &str, catalog: &Catalog, problems: &mut Problems) {
    let place = format!("{place}, covers");
    for (key, names) in &entry.covers {
        if let Some(table) = catalog.table(key) {
            for column in names {
                need_column(column, table, &place, problems);
            }
        } else if let Some((table, column)) = key.rsplit_once('.') {
            if let Some(table) = need_table(table, &place, catalog, problems) {
                need_column(column, table, &place, problems);
            }
        } else {
            need_table(key, &place, catalog, problems);
        }
    }
}

/// A JSON column leaves key by key or not at all.
fn check_raw_json(entry: &ExportEntry, table: &Table, place: &str, problems: &mut Problems) {
    let mut raw: Vec<(String, &String)> = entry
        .extra
        .iter()
        .map(|column| ("extra".to_owned(), column))
        .collect();
    for (name, form) in &entry.fields {
        let is_parsed = matches!(form, FieldForm::Detailed(detail) if detail.json.is_some() || detail.sql.is_some());
        for column in form.columns().into_iter().filter(|_| !is_parsed) {
            raw.push((format!("fields.{name}"), column));
        }
    }
    for (what, name) in raw {
        let is_json = table
            .column(name)
            .is_some_and(|column| is_json_type(&column.declared_type));
        if is_json && !entry.json.contains_key(name) {
            let problem =
                format!("the column `{name}` is JSON and would leave with keys that nobody named");
            let fix = format!(
                "write `json.{name}.keep = [\"…\"]`, or take one value with `json = \"path\"`"
            );
            problems.add(format!("{place}, {what}"), problem, fix);
        }
    }
}

/// Whether a declared type says JSON: `JSON`, `JSONB`, `json`.
pub(crate) fn is_json_type(declared: &str) -> bool {
    declared.to_ascii_uppercase().contains("JSON")
}

/// A number says nothing of its unit, and a wrong guess is fifty years off.
fn check_units(entry: &ExportEntry, table: &Table, place: &str, problems: &mut Problems) {
    for (name, form) in &entry.fields {
        if !super::fields::is_timestamp(entry, name) {
            continue;
        }
        let column = match form {
            FieldForm::Column(column) => Some(column),
            FieldForm::Composite(_) => None,
            FieldForm::Detailed(detail) if detail.unit.is_some() || detail.json.is_some() => None,
            FieldForm::Detailed(detail) => detail.column.as_ref(),
        };
        let declared = column
            .and_then(|column| table.column(column))
            .map(|column| &*column.declared_type);
        if declared.is_some_and(|declared| declared.to_ascii_uppercase().contains("INT")) {
            let fix = "write { column = \"…\", unit = \"s\" }, or ms, us, ns";
            problems.add(
                format!("{place}, fields.{name}"),
                "the column is a number of an unknown unit",
                fix,
            );
        }
    }
}
