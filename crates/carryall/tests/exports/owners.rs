//! Whose each row is: the demo's own list, and the catalogue of its database.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use crate::product::Product;

/// What the list says of a row and a person. A person it does not name meets nothing of the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Own,
    Frame,
    Nothing,
}

/// A row by its primary key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowName {
    pub table: String,
    /// Values of the key's columns, as JSON text.
    pub key: String,
}

impl RowName {
    /// The key's values.
    pub fn values(&self) -> Vec<SqlValue> {
        let key: Value = serde_json::from_str(&self.key).unwrap();
        let list = match key {
            Value::Array(list) => list,
            single => vec![single],
        };
        list.into_iter()
            .map(|value| match value {
                Value::String(text) => SqlValue::Text(text),
                number => SqlValue::Integer(number.as_i64().unwrap()),
            })
            .collect()
    }
}

/// `owners.jsonl`.
pub struct Owners {
    lines: BTreeMap<RowName, BTreeMap<String, Access>>,
}

impl Owners {
    /// Reads the list that stands beside the demo.
    pub fn of(product: &Product) -> Owners {
        let text = std::fs::read_to_string(product.folder.path().join("owners.jsonl")).unwrap();
        let mut lines: BTreeMap<RowName, BTreeMap<String, Access>> = BTreeMap::new();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            let row = RowName {
                table: line["table"].as_str().unwrap().to_owned(),
                key: line["id"].to_string(),
            };
            let access = match line["access"].as_str().unwrap() {
                "own" => Access::Own,
                "frame" => Access::Frame,
                "left_out" | "nobody" => Access::Nothing,
                other => panic!("{other}"),
            };
            let people = lines.entry(row).or_default();
            if let Some(owner) = line["owner"].as_str() {
                assert_eq!(people.insert(owner.to_owned(), access), None, "{line}");
            }
        }
        Owners { lines }
    }

    /// Every row, with what this person meets of it.
    pub fn rows<'o>(&'o self, who: &'o str) -> impl Iterator<Item = (&'o RowName, Access)> {
        self.lines
            .iter()
            .map(move |(row, people)| (row, *people.get(who).unwrap_or(&Access::Nothing)))
    }

    /// How many rows of a table the list has.
    pub fn count(&self, table: &str) -> usize {
        self.lines.keys().filter(|row| row.table == table).count()
    }
}

/// A column as the catalogue has it.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub declared_type: String,
    pub is_key: bool,
    /// Holds another row's key.
    pub is_reference: bool,
}

/// The tables of a database with their columns.
pub struct Tables(pub BTreeMap<String, Vec<Column>>);

impl Tables {
    /// Reads `sqlite_schema`.
    pub fn of(connection: &Connection) -> Tables {
        let names = strings(
            connection,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        );
        let columns = |table: &String| {
            let references: BTreeSet<String> = strings(
                connection,
                &format!("SELECT \"from\" FROM pragma_foreign_key_list('{table}')"),
            )
            .into_iter()
            .collect();
            let mut statement = connection
                .prepare("SELECT name, type, pk FROM pragma_table_info(?1)")
                .unwrap();
            statement
                .query_map([table], |row| {
                    let name: String = row.get(0)?;
                    Ok(Column {
                        is_reference: references.contains(&name),
                        name,
                        declared_type: row.get(1)?,
                        is_key: row.get::<_, i64>(2)? > 0,
                    })
                })
                .unwrap()
                .map(Result::unwrap)
                .collect()
        };
        Tables(
            names
                .into_iter()
                .map(|table| {
                    let columns = columns(&table);
                    (table, columns)
                })
                .collect(),
        )
    }

    /// `"a" = ?1 AND "b" = ?2`, for the columns of a table's key.
    pub fn key_condition(&self, table: &str) -> String {
        let keys = self.0[table].iter().filter(|column| column.is_key);
        keys.enumerate()
            .map(|(place, column)| format!("\"{}\" = ?{}", column.name, place + 1))
            .collect::<Vec<_>>()
            .join(" AND ")
    }
}

fn strings(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map((), |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn the_list_has_every_row_of_every_table() {
    let product = Product::demo();
    let owners = Owners::of(&product);
    let connection = product.connection();
    for table in Tables::of(&connection).0.keys() {
        let sql = format!("SELECT count(*) FROM \"{table}\"");
        let count: usize = connection.query_row(&sql, (), |row| row.get(0)).unwrap();
        assert_eq!(owners.count(table), count, "{table}");
    }
}
