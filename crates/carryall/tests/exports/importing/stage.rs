//! Databases to import into, and what must stand in them afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use serde_json::{Map, Value, json};

use crate::export_file::ExportFile;
use crate::product::{Product, repository};
use crate::program::{Outcome, carryall};

/// Sections that come back.
pub const SECTIONS: [&str; 7] = [
    "workspaces",
    "threads",
    "messages",
    "uploaded_files",
    "generated_documents",
    "workspace_memories",
    "user_memories",
];

/// The demo's tables with this person's row of `users` and nothing else.
pub fn empty_for(from: &Product, who: &str) -> Product {
    let empty = Product::empty();
    let schema = repository().join("products/isms-copilot/schema.sqlite.sql");
    empty.sql(&std::fs::read_to_string(schema).unwrap());
    empty.sql(&format!(
        "ATTACH '{}' AS old; INSERT INTO users SELECT * FROM old.users WHERE email = '{who}'",
        from.database.display()
    ));
    empty
}

/// The arguments of an import of this file.
pub fn arguments(into: &Product, file: &Path, flags: &[&str]) -> Vec<OsString> {
    let mut source = into.source();
    source[0] = "--into".into();
    let mut arguments: Vec<OsString> = vec!["import".into(), file.into()];
    arguments.extend(source);
    arguments.extend(["--files".into(), into.files.clone().into()]);
    arguments.extend(flags.iter().map(OsString::from));
    arguments
}

/// Imports, whatever becomes of it.
pub fn try_import(into: &Product, file: &Path, flags: &[&str]) -> Outcome {
    carryall(arguments(into, file, flags))
}

/// Imports and returns the report.
#[track_caller]
pub fn import(into: &Product, file: &Path, flags: &[&str]) -> Value {
    let outcome = try_import(into, file, &[flags, &["--json"]].concat());
    assert!(matches!(outcome.code, 0 | 1), "{}", outcome.stderr);
    let report: Value = serde_json::from_slice(&outcome.stdout).unwrap();
    let lines = report["without_place"].as_array().unwrap();
    let lost = lines.iter().any(|line| line["by_rule"] == false);
    assert_eq!(outcome.code == 1, lost, "{report:#}");
    report
}

/// A number of the report, for all kinds of records.
pub fn sum(report: &Value, what: &str) -> u64 {
    let records = report["records"].as_array().unwrap().iter();
    records.map(|line| line[1][what].as_u64().unwrap()).sum()
}

/// The numbers of one kind of records.
pub fn counts<'r>(report: &'r Value, kind: &str) -> &'r Value {
    let mut records = report["records"].as_array().unwrap().iter();
    let line = records.find(|line| line[0] == kind);
    &line.unwrap_or_else(|| panic!("no {kind}: {report:#}"))[1]
}

/// Every row of every table, as text.
pub fn dump(product: &Product) -> BTreeMap<String, BTreeSet<String>> {
    let connection = product.connection();
    let tables = texts(
        &connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    );
    let rows = |table: &String| {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let count = statement.column_count();
        let rows = statement.query_map((), |row| {
            let cells = (0..count).map(|place| row.get::<_, SqlValue>(place));
            Ok(format!("{:?}", cells.collect::<Result<Vec<_>, _>>()?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    tables
        .iter()
        .map(|table| (table.clone(), rows(table)))
        .collect()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map((), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Every file below a folder, with its bytes.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(&inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                all.insert(format!("{}/", path.display()), Vec::new());
                folders.push(path);
            } else {
                all.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// What must come out again of an export that was imported: what is the person's own, unshared, without references to what
/// is not.
pub fn expected(file: &ExportFile) -> Map<String, Value> {
    let mut all = Map::new();
    let mut ids: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for section in SECTIONS {
        let own = |record: &&Value| {
            let parent = match section {
                "messages" => Some(("threads", "thread_id")),
                "workspace_memories" => Some(("workspaces", "workspace_id")),
                _ => None,
            };
            record["access"] != "shared"
                && parent
                    .is_none_or(|(of, field)| ids[of].contains(record[field].as_str().unwrap()))
        };
        let records: Vec<Value> = file.list(section).iter().filter(own).cloned().collect();
        let own = records
            .iter()
            .map(|record| record["id"].as_str().unwrap().to_owned());
        ids.insert(section, own.collect());
        all.insert(section.to_owned(), records.into());
    }
    for (section, records) in &mut all {
        for record in records.as_array_mut().unwrap() {
            without_strangers(record, &ids);
            if section == "workspaces" {
                record["is_shared"] = json!(false);
                record["organization_id"] = Value::Null;
            }
        }
    }
    let others: Vec<_> = ["thread_participation", "feedback"]
        .into_iter()
        .flat_map(|collection| file.collection(collection))
        .filter(|record| ids["threads"].contains(record["thread_id"].as_str().unwrap()))
        .cloned()
        .collect();
    all.insert("other_records".to_owned(), others.into());
    all.insert("account_settings".to_owned(), settings(file));
    all
}

/// What came out.
pub fn found(file: &ExportFile) -> Map<String, Value> {
    let mut all = Map::new();
    for section in SECTIONS.into_iter().chain(["other_records"]) {
        all.insert(section.to_owned(), file.json[section].clone());
    }
    all.insert("account_settings".to_owned(), settings(file));
    all
}

fn settings(file: &ExportFile) -> Value {
    let account = &file.json["account_settings"];
    let fields = [
        "language",
        "time_zone",
        "default_persona",
        "advanced_data_protection",
        "retention",
        "memory",
    ];
    let mut settings: Map<String, Value> = fields
        .into_iter()
        .map(|field| (field.to_owned(), account[field].clone()))
        .collect();
    for field in ["preferences", "settings_updated_at"] {
        settings.insert(field.to_owned(), account["extra"][field].clone());
    }
    settings.into()
}

fn without_strangers(record: &mut Value, ids: &BTreeMap<&str, BTreeSet<String>>) {
    let references = [
        ("workspace_id", "workspaces"),
        ("thread_id", "threads"),
        ("source_thread_id", "threads"),
        ("message_id", "messages"),
        ("parent_id", "messages"),
        ("current_message_id", "messages"),
    ];
    for (field, section) in references {
        if record[field]
            .as_str()
            .is_some_and(|id| !ids[section].contains(id))
        {
            record[field] = Value::Null;
        }
    }
    for (field, section) in [
        ("file_ids", "uploaded_files"),
        ("generated_document_ids", "generated_documents"),
    ] {
        if let Some(list) = record.get_mut(field).and_then(Value::as_array_mut) {
            list.retain(|id| ids[section].contains(id.as_str().unwrap()));
        }
    }
}

/// Compares section by section, so that a difference can be read.
#[track_caller]
pub fn assert_same(found: &Map<String, Value>, expected: &Map<String, Value>) {
    for (section, expected) in expected {
        let found = &found[section];
        for (found, expected) in found
            .as_array()
            .into_iter()
            .flatten()
            .zip(expected.as_array().into_iter().flatten())
        {
            assert_eq!(found, expected, "{section}");
        }
        assert_eq!(found, expected, "{section}");
    }
}
