//! Everything that is a person's own and not secret comes out, in its own record.
//!
//! With the list of secrets this accounts for every column of every table in the catalogue.

use std::collections::BTreeSet;

use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use crate::export_file::{ExportFile, LISTS};
use crate::owners::{Access, Column, Owners, RowName};
use crate::planting::{Gardener, Plant};
use crate::product::{DEMO_PEOPLE, MARTA, Product};
use crate::schema_of_the_demo::{Fate, OWNERS_OF_TEAMS_ONLY, fate};

crate::on_both_engines![
    a_value_planted_in_every_column_and_key_of_ones_own_rows_comes_out,
    a_column_that_decides_what_a_person_meets_comes_out_too,
    every_key_and_reference_comes_out_in_its_record,
    a_boolean_that_changes_changes_its_record,
];

/// The text of what a row became: its records, or the account.
fn records_of(file: &ExportFile, row: &RowName) -> String {
    let key = row.values().into_iter().map(|value| match value {
        SqlValue::Text(text) => text,
        SqlValue::Integer(number) => number.to_string(),
        other => panic!("{other:?} is no key"),
    });
    let key = key.collect::<Vec<_>>().join(":");
    let lists = LISTS[..9].iter().flat_map(|section| file.list(section));
    let records: Vec<String> = lists
        .filter(|record| match record["collection"].as_str() {
            Some(collection) => record["id"] == format!("{collection}:{key}"),
            None => record["id"] == key,
        })
        .map(Value::to_string)
        .collect();
    if records.is_empty() {
        file.json["account_settings"].to_string()
    } else {
        records.join("\n")
    }
}

#[track_caller]
fn assert_comes_out(file: &ExportFile, row: &RowName, plant: &Plant) {
    let text = records_of(file, row);
    let is_out = plant.forms.iter().any(|form| text.contains(form.as_str()));
    assert!(
        is_out,
        "{} did not come out as any of {:?}",
        plant.place, plant.forms
    );
}

/// Whether the price of a team's plan, which this person does not pay.
fn is_price_of_a_team(gardener: &Gardener<'_>, row: &RowName, column: &Column, who: &str) -> bool {
    row.table == "subscriptions"
        && who != MARTA
        && OWNERS_OF_TEAMS_ONLY.contains(&&*column.name)
        && gardener.get(row, "user_id") == SqlValue::Null
}

fn a_value_planted_in_every_column_and_key_of_ones_own_rows_comes_out(made: fn() -> Product) {
    for who in DEMO_PEOPLE {
        let product = made();
        let owners = Owners::of(&product);
        let connection = product.connection();
        let mut gardener = Gardener::of(&connection);
        let key = product.key(who);
        let mut sown = Vec::new();
        for (row, _) in owners
            .rows(who)
            .filter(|(_, access)| *access == Access::Own)
        {
            for column in gardener.tables.0[&row.table].clone() {
                if fate(&row.table, &column) == Fate::Planted {
                    let is_secret = is_price_of_a_team(&gardener, row, &column, who);
                    gardener.plant(row, &column, is_secret);
                    sown.extend(gardener.sown.drain(..).map(|plant| (row, plant)));
                }
            }
        }
        let long = sown.iter().position(|(row, plant)| {
            row.table == "messages" && plant.place.contains(".content of")
        });
        if let Some(place) = long {
            let (row, start) = (sown[place].0, sown[place].1.forms[0].clone());
            let end = start.replace("planted", "end of it");
            let long = format!("{start}{}{end}", "long text\n\"".repeat(200_000));
            let column = |column: &&Column| column.name == "content";
            let column = gardener.tables.0["messages"].iter().find(column).unwrap();
            gardener.set(row, column, long.clone().into());
            let text = serde_json::to_string(&long).unwrap();
            let place = "a long text".to_owned();
            sown.push((
                row,
                Plant {
                    place,
                    forms: vec![text],
                },
            ));
        }
        let file = product.export(&key);
        for (row, plant) in &sown {
            assert_comes_out(&file, row, plant);
        }
        for plant in &gardener.poisoned {
            assert!(!file.text().contains(&plant.forms[0]), "{}", plant.place);
        }
        assert!(
            sown.len() > 30 && (who != MARTA || sown.len() > 700),
            "{}",
            sown.len()
        );
    }
}

fn a_column_that_decides_what_a_person_meets_comes_out_too(made: fn() -> Product) {
    for who in DEMO_PEOPLE {
        let product = made();
        let owners = Owners::of(&product);
        for (row, _) in owners
            .rows(who)
            .filter(|(_, access)| *access == Access::Own)
        {
            let connection = product.connection();
            let mut gardener = Gardener::of(&connection);
            for column in gardener.tables.0[&row.table].clone() {
                if fate(&row.table, &column) == Fate::Decides {
                    let before = gardener.get(row, &column.name);
                    assert!(gardener.plant(row, &column, false));
                    assert_comes_out(&product.export(who), row, &gardener.sown[0]);
                    gardener.set(row, &column, before);
                    gardener.sown.clear();
                }
            }
        }
    }
}

fn every_key_and_reference_comes_out_in_its_record(made: fn() -> Product) {
    let product = made();
    let owners = Owners::of(&product);
    let connection = product.connection();
    let gardener = Gardener::of(&connection);
    for who in DEMO_PEOPLE {
        let file = product.export(who);
        let not_met: BTreeSet<String> = owners
            .rows(who)
            .filter(|(_, access)| *access == Access::Nothing)
            .map(|(row, _)| row.key.clone())
            .collect();
        let mut met = 0;
        for (row, _) in owners
            .rows(who)
            .filter(|(_, access)| *access == Access::Own)
        {
            let text = records_of(&file, row) + &product.key(who);
            for column in &gardener.tables.0[&row.table] {
                if fate(&row.table, column) != Fate::Reference {
                    continue;
                }
                for id in ids_in(&gardener.get(row, &column.name)) {
                    let is_names_of_price = row.table == "subscriptions" && column.name == "plan";
                    if is_names_of_price || !not_met.contains(&Value::from(id.as_str()).to_string())
                    {
                        assert!(
                            text.contains(&id),
                            "{who}: {}.{} {id}",
                            row.table,
                            column.name
                        );
                        met += 1;
                    }
                }
            }
        }
        assert!(met > 10, "{met}");
    }
}

/// One id, or the list of them that stands there as JSON.
fn ids_in(value: &SqlValue) -> Vec<String> {
    match value {
        SqlValue::Null => Vec::new(),
        SqlValue::Text(text) => serde_json::from_str(text).unwrap_or_else(|_| vec![text.clone()]),
        SqlValue::Integer(number) => vec![number.to_string()],
        other => panic!("{other:?} is no id"),
    }
}

fn a_boolean_that_changes_changes_its_record(made: fn() -> Product) {
    let product = made();
    let owners = Owners::of(&product);
    let connection = product.connection();
    let gardener = Gardener::of(&connection);
    let mut toggled = 0;
    for (table, columns) in &gardener.tables.0 {
        for column in columns
            .iter()
            .filter(|column| column.declared_type == "BOOLEAN")
        {
            let (who, row) = DEMO_PEOPLE
                .iter()
                .flat_map(|who| {
                    owners
                        .rows(who)
                        .map(move |(row, access)| (*who, row, access))
                })
                .find(|(_, row, access)| row.table == *table && *access == Access::Own)
                .map(|(who, row, _)| (who, row))
                .unwrap();
            let before = records_of(&product.export(who), row);
            let SqlValue::Integer(truth) = gardener.get(row, &column.name) else {
                panic!()
            };
            gardener.set(row, column, SqlValue::Integer(1 - truth));
            let after = records_of(&product.export(who), row);
            gardener.set(row, column, SqlValue::Integer(truth));
            assert_ne!(before, after, "{table}.{}", column.name);
            toggled += 1;
        }
    }
    assert!(toggled > 12, "{toggled}");
}
