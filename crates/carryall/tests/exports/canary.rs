//! Nothing secret and nothing of anybody else's ever stands in an export.

use std::fs;

use rusqlite::types::Value as SqlValue;

use crate::export_file::ExportFile;
use crate::owners::{Access, Column, Owners, RowName};
use crate::planting::Gardener;
use crate::product::{DEMO_PEOPLE, Product};
use crate::schema_of_the_demo::{FRAME, Fate, NOTHING_PERSONAL, fate};

crate::on_both_engines![
    nothing_secret_and_nothing_of_others_is_in_anybodys_export,
    no_id_of_a_row_that_a_person_does_not_meet_is_in_their_export,
];

/// Whether this value must not reach this person, who may still meet others of the row.
fn must_stay(row: &RowName, column: &Column, access: Access) -> bool {
    let is_frame = FRAME.contains(&(row.table.as_str(), column.name.as_str()));
    match (fate(&row.table, column), access) {
        (Fate::Reference, _) => false,
        (Fate::Secret, _) | (_, Access::Nothing) => true,
        (_, Access::Own) => false,
        (_, Access::Frame) => !is_frame,
    }
}

/// Poisons everything that this person's export must not hold, and exports.
fn export_among_canaries(
    made: fn() -> Product,
    who: &str,
    is_chosen: impl Fn(&RowName, &Column) -> bool,
) -> ExportFile {
    let product = made();
    let owners = Owners::of(&product);
    let connection = product.connection();
    let mut gardener = Gardener::of(&connection);
    for (row, access) in owners.rows(who) {
        for column in gardener.tables.0[&row.table].clone() {
            if !is_chosen(row, &column) {
                continue;
            }
            let stored = (column.name == "storage_key").then(|| gardener.get(row, "storage_key"));
            if must_stay(row, &column, access) {
                gardener.plant(row, &column, true);
            } else if access == Access::Own && column.declared_type == "JSON" {
                // Its secret keys only; the others must come out, which another test sees to.
                if fate(&row.table, &column) == Fate::Planted {
                    gardener.plant(row, &column, false);
                }
            }
            if let Some(SqlValue::Text(old)) = stored {
                move_file(&product, &old, &gardener.get(row, "storage_key"), access);
            }
        }
    }
    let file = product.export(who);
    assert!(gardener.poisoned.len() > 30, "{}", gardener.poisoned.len());
    for plant in &gardener.poisoned {
        for form in &plant.forms {
            if let Some(at) = file.text().find(form.as_str()) {
                let around = &file.bytes[at.saturating_sub(200)..at + form.len()];
                let around = String::from_utf8_lossy(around);
                panic!("{who} was given {}: …{around}", plant.place);
            }
        }
    }
    for word in ["canary", "Y2FuYXJ5"] {
        assert!(!file.text().contains(word), "{who} was given a {word}");
    }
    file
}

/// Own files follow their new secret name; those of others hold a canary.
fn move_file(product: &Product, old: &str, new: &SqlValue, access: Access) {
    let SqlValue::Text(new) = new else {
        panic!("{new:?}")
    };
    fs::rename(product.files.join(old), product.files.join(new)).unwrap();
    if access != Access::Own {
        fs::write(product.files.join(new), "canary in a file").unwrap();
    }
}

fn nothing_secret_and_nothing_of_others_is_in_anybodys_export(made: fn() -> Product) {
    for who in DEMO_PEOPLE {
        let decides = |row: &RowName, column: &Column| fate(&row.table, column) == Fate::Decides;
        let file = export_among_canaries(made, who, |row, column| !decides(row, column));
        assert!(who == DEMO_PEOPLE[3] || !file.list("file_contents").is_empty());
        export_among_canaries(made, who, |row, column| {
            decides(row, column) || row.table == "users"
        });
    }
}

fn no_id_of_a_row_that_a_person_does_not_meet_is_in_their_export(made: fn() -> Product) {
    let product = made();
    let owners = Owners::of(&product);
    for who in DEMO_PEOPLE {
        let file = product.export(who);
        let mut looked_for = 0;
        for (row, access) in owners.rows(who) {
            // Rows of one's own name the teams that one was in.
            let is_named = row.table == "organizations";
            if access != Access::Nothing || is_named || NOTHING_PERSONAL.contains(&&*row.table) {
                continue;
            }
            if let [SqlValue::Text(id)] = &row.values()[..] {
                assert!(
                    !file.text().contains(id.as_str()),
                    "{who} was given {row:?}"
                );
                looked_for += 1;
            }
        }
        assert!(looked_for > 80, "{looked_for}");
    }
}
