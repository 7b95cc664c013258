//! The lists in these tests leave no column and no JSON key of the demo out.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::owners::{Access, Owners, Tables};
use crate::product::{DEMO_PEOPLE, Product};
use crate::schema_of_the_demo::{JSON, NOTHING_PERSONAL, SECRET};

#[test]
fn every_column_of_the_catalogue_is_secret_or_nothing_personal_or_somebodys_own() {
    let product = Product::demo();
    let owners = Owners::of(&product);
    let own: BTreeSet<&str> = DEMO_PEOPLE
        .iter()
        .flat_map(|who| owners.rows(who))
        .filter(|(_, access)| *access == Access::Own)
        .map(|(row, _)| row.table.as_str())
        .collect();
    for table in Tables::of(&product.connection()).0.keys() {
        let is_nobodys = NOTHING_PERSONAL.contains(&&**table);
        assert!(is_nobodys != own.contains(&**table), "{table}");
    }
}

#[test]
fn every_json_key_of_the_demo_is_among_those_that_are_planted() {
    let product = Product::demo();
    let connection = product.connection();
    for (table, column, template) in JSON {
        let known = leaves(&serde_json::from_str(template).unwrap(), "");
        let sql = format!("SELECT \"{column}\" FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
        let mut statement = connection.prepare(&sql).unwrap();
        let values = statement
            .query_map((), |row| row.get::<_, String>(0))
            .unwrap();
        for value in values {
            let value = serde_json::from_str(&value.unwrap()).unwrap();
            for path in leaves(&value, "") {
                assert!(known.contains(&path), "{table}.{column}: {path}");
            }
        }
    }
}

/// Paths of scalars.
fn leaves(value: &Value, path: &str) -> BTreeSet<String> {
    match value {
        Value::Array(list) => {
            let inner = list
                .iter()
                .flat_map(|value| leaves(value, &format!("{path}[]")));
            inner.collect()
        }
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| leaves(value, &format!("{path}.{key}")))
            .collect(),
        _ => BTreeSet::from([path.to_owned()]),
    }
}

#[test]
fn every_secret_column_of_the_list_exists() {
    let product = Product::demo();
    let connection = product.connection();
    let tables = Tables::of(&connection);
    for (table, columns) in SECRET {
        for name in columns {
            assert!(
                tables.0[table].iter().any(|column| column.name == *name),
                "{table}.{name}"
            );
        }
    }
}
