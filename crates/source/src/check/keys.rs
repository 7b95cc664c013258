//! Keys that the grammar does not have: all of them at once, each with the key that was meant.
//!
//! The types in `data_map.rs` refuse them too, but stop at the first and, inside a field, cannot say
//! which it was.

use toml::{Table, Value};

use super::Problems;
use super::nearest::did_you_mean;

const HEAD: &[&str] = &[
    "map_version",
    "product",
    "file_prefix",
    "controller",
    "processing",
    "database",
    "subject",
    "sign_in",
    "export",
    "left_out",
    "import",
    "not_personal",
];
const CONTROLLER: &[&str] = &["name", "contact", "support"];
const PROCESSING: &[&str] = &["purposes", "recipients", "retention", "rights"];
const DATABASE: &[&str] = &["schemas"];
const SUBJECT: &[&str] = &["table", "key", "email", "name", "active"];
const SIGN_IN: &[&str] = &[
    "table",
    "key",
    "login",
    "password_hash",
    "totp_secret",
    "active",
    "refuse_when",
];
const EXPORT: &[&str] = &[
    "engine",
    "section",
    "collection",
    "table",
    "query",
    "owner",
    "parent",
    "author",
    "where",
    "into",
    "fields",
    "extra",
    "json",
    "withheld",
    "covers",
    "content",
    "on_import",
    "import_for_each",
    "not_imported",
];
const PARENT: &[&str] = &["section", "column"];
const FIELD: &[&str] = &[
    "column",
    "json",
    "unit",
    "zone",
    "values",
    "id_prefix",
    "value",
    "sql",
    "covers",
    "kind",
];
const JSON: &[&str] = &["keep", "withheld", "same_as"];
const KEEP: &[&str] = &["path", "reason"];
const WITHHELD: &[&str] = &["ground", "what", "reason"];
const CONTENT: &[&str] = &["key", "after", "strip_prefix", "column"];
const ON_IMPORT: &[&str] = &[
    "value",
    "null",
    "absent",
    "absent_time",
    "file_key",
    "new_id",
];
const IMPORT: &[&str] = &["refused"];
const LEFT_OUT: &[&str] = &["section", "ground", "what", "query", "owner"];
const SQL: &[&str] = &["sqlite", "postgres"];

pub(super) fn check_keys(map: &Table, problems: &mut Problems) {
    check(map, HEAD, "the map", problems);
    let parts = [
        ("controller", CONTROLLER),
        ("processing", PROCESSING),
        ("database", DATABASE),
        ("subject", SUBJECT),
        ("sign_in", SIGN_IN),
        ("import", IMPORT),
    ];
    for (name, known) in parts {
        check_value(map.get(name), known, &format!("[{name}]"), problems);
    }
    for (index, entry) in tables(map.get("export")).enumerate() {
        let place = match entry.get("section").and_then(Value::as_str) {
            Some(section) => format!("[[export]] {} (section {section})", index + 1),
            None => format!("[[export]] {}", index + 1),
        };
        check_export(entry, &place, problems);
    }
    for (index, entry) in tables(map.get("left_out")).enumerate() {
        let place = format!("[[left_out]] {}", index + 1);
        check(entry, LEFT_OUT, &place, problems);
        check_value(
            entry.get("query"),
            SQL,
            &format!("{place}, query"),
            problems,
        );
    }
}

fn check_export(entry: &Table, place: &str, problems: &mut Problems) {
    check(entry, EXPORT, place, problems);
    let parts = [
        ("parent", PARENT),
        ("content", CONTENT),
        ("query", SQL),
        ("where", SQL),
    ];
    for (name, known) in parts {
        let place = format!("{place}, {name}");
        check_value(entry.get(name), known, &place, problems);
    }
    for (name, form) in named(entry.get("fields")) {
        let place = format!("{place}, fields.{name}");
        check_value(Some(form), FIELD, &place, problems);
        let sql = form.as_table().and_then(|form| form.get("sql"));
        check_value(sql, SQL, &format!("{place}.sql"), problems);
    }
    for (name, withheld) in named(entry.get("withheld")) {
        let place = format!("{place}, withheld.{name}");
        check_value(Some(withheld), WITHHELD, &place, problems);
    }
    for (name, value) in named(entry.get("on_import")) {
        let place = format!("{place}, on_import.{name}");
        check_value(Some(value), ON_IMPORT, &place, problems);
    }
    for (name, json) in named(entry.get("json")) {
        check_json(json, &format!("{place}, json.{name}"), problems);
    }
}

fn check_json(json: &Value, place: &str, problems: &mut Problems) {
    check_value(Some(json), JSON, place, problems);
    let Some(json) = json.as_table() else {
        return;
    };
    let keep = json.get("keep").and_then(Value::as_array);
    for keep in keep.into_iter().flatten() {
        check_value(Some(keep), KEEP, &format!("{place}.keep"), problems);
    }
    for (path, withheld) in named(json.get("withheld")) {
        let place = format!("{place}.withheld.\"{path}\"");
        check_value(Some(withheld), WITHHELD, &place, problems);
    }
}

fn check(table: &Table, known: &[&str], place: &str, problems: &mut Problems) {
    for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
        let fix = did_you_mean(key, known.iter().copied())
            .unwrap_or_else(|| format!("the keys here are {}", known.join(", ")));
        problems.add(place, format!("there is no key `{key}`"), fix);
    }
}

/// Values of other types than a table are judged by the types of the grammar.
fn check_value(value: Option<&Value>, known: &[&str], place: &str, problems: &mut Problems) {
    if let Some(Value::Table(table)) = value {
        check(table, known, place, problems);
    }
}

fn tables(value: Option<&Value>) -> impl Iterator<Item = &Table> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_table)
}

fn named(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_table).into_iter().flatten()
}
