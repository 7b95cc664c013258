//! Values that can be found again: unique, of the column's type, and known by their looks.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::write::hex;
use jiff::Timestamp;
use rusqlite::Connection;
use rusqlite::types::Value as SqlValue;
use serde_json::Value;

use crate::owners::{Column, RowName, Tables};
use crate::schema_of_the_demo::{JSON, TIMES};

/// Makes values that look alike: `word` is in the texts, and the numbers start with `digit`.
pub struct Seeds {
    word: &'static str,
    digit: i64,
    year: i64,
    next: i64,
}

/// Something that was planted.
#[derive(Debug)]
pub struct Plant {
    pub place: String,
    /// How the value looks in a file; any of them.
    pub forms: Vec<String>,
}

impl Seeds {
    /// Values that must come out.
    pub fn marks() -> Seeds {
        Seeds {
            word: "mark",
            digit: 7_310_000_000_000,
            year: 2091,
            next: 0,
        }
    }

    /// Values that must not.
    pub fn canaries() -> Seeds {
        Seeds {
            word: "canary",
            digit: 8_620_000_000_000,
            year: 2092,
            next: 0,
        }
    }

    fn text(&mut self) -> String {
        self.next += 1;
        format!("{}-{:06}-planted", self.word, self.next)
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.digit + self.next
    }

    /// A moment with milliseconds, so that no digit is dropped.
    fn moment(&mut self) -> Timestamp {
        self.next += 1;
        let start: Timestamp = format!("{}-01-01T00:00:00.001Z", self.year)
            .parse()
            .unwrap();
        start + Duration::from_secs(u64::try_from(self.next).unwrap())
    }

    /// A value for a column, and how it looks in a file. None for what cannot be unique.
    fn value(&mut self, column: &Column) -> Option<(SqlValue, Vec<String>)> {
        let name = column.name.as_str();
        let is_time = name.ends_with("_at") || TIMES.contains(&name);
        Some(match column.declared_type.as_str() {
            "BOOLEAN" => return None,
            "TEXT" if is_time => {
                let text = format!("{:.3}", self.moment());
                (text.clone().into(), vec![text])
            }
            "TEXT" => {
                let text = self.text();
                (text.clone().into(), vec![text])
            }
            "DATE" => {
                self.next += 1;
                let (month, day) = (self.next / 28 % 12 + 1, self.next % 28 + 1);
                let date = format!("{}-{month:02}-{day:02}", self.year);
                (date.clone().into(), vec![date])
            }
            "INTEGER" if is_time => {
                let seconds = self.moment().as_second();
                let shown = Timestamp::from_second(seconds).unwrap().to_string();
                (seconds.into(), vec![shown, seconds.to_string()])
            }
            "INTEGER" => {
                let number = self.number();
                (number.into(), vec![number.to_string()])
            }
            "REAL" => {
                let text = format!("{}.5", self.number());
                (text.parse::<f64>().unwrap().into(), vec![text])
            }
            "BLOB" => {
                let text = self.text();
                let forms = vec![hex(text.as_bytes()), STANDARD.encode(&text), text.clone()];
                (text.into_bytes().into(), forms)
            }
            other => panic!("a column of type {other} is new: {name}"),
        })
    }
}

/// Plants values in rows.
pub struct Gardener<'c> {
    pub connection: &'c Connection,
    pub tables: Tables,
    pub marks: Seeds,
    pub canaries: Seeds,
    /// What must come out.
    pub sown: Vec<Plant>,
    /// What must not.
    pub poisoned: Vec<Plant>,
}

impl<'c> Gardener<'c> {
    pub fn of(connection: &'c Connection) -> Gardener<'c> {
        // Any word may stand anywhere: what leaves must not hang on it.
        let free = "PRAGMA foreign_keys = off; PRAGMA ignore_check_constraints = on;";
        connection.execute_batch(free).unwrap();
        Gardener {
            connection,
            tables: Tables::of(connection),
            marks: Seeds::marks(),
            canaries: Seeds::canaries(),
            sown: Vec::new(),
            poisoned: Vec::new(),
        }
    }

    /// Plants a value that must come out, or one that must not. False when the type has no unique
    /// values.
    pub fn plant(&mut self, row: &RowName, column: &Column, is_secret: bool) -> bool {
        let place = format!("{}.{} of {}", row.table, column.name, row.key);
        if column.declared_type == "JSON" {
            let text = self.json(row, column, is_secret, &place);
            self.set(row, column, text.into());
            return true;
        }
        let (seeds, list) = if is_secret {
            (&mut self.canaries, &mut self.poisoned)
        } else {
            (&mut self.marks, &mut self.sown)
        };
        let Some((value, forms)) = seeds.value(column) else {
            return false;
        };
        list.push(Plant { place, forms });
        self.set(row, column, value);
        true
    }

    /// The column's JSON with a value of its own at every leaf.
    fn json(&mut self, row: &RowName, column: &Column, is_secret: bool, place: &str) -> String {
        let known = JSON
            .iter()
            .find(|(table, name, _)| *table == row.table && *name == column.name);
        let (.., template) = known.unwrap_or_else(|| panic!("the JSON column {place} is new"));
        let mut value: Value = serde_json::from_str(template).unwrap();
        self.fill(&mut value, is_secret, place);
        value.to_string()
    }

    fn fill(&mut self, value: &mut Value, is_secret: bool, place: &str) {
        match value {
            Value::Array(list) => {
                for value in list {
                    self.fill(value, is_secret, place);
                }
            }
            Value::Object(members) => {
                for (key, value) in members {
                    if value == true && !is_secret {
                        let forms = vec![format!("\"{key}\":true")];
                        let place = place.to_owned();
                        self.sown.push(Plant { place, forms });
                    }
                    self.fill(value, is_secret, &format!("{place} {key}"));
                }
            }
            Value::String(leaf) => {
                let stays = is_secret || leaf.starts_with('-');
                let (seeds, list) = if stays {
                    (&mut self.canaries, &mut self.poisoned)
                } else {
                    (&mut self.marks, &mut self.sown)
                };
                let planted = if leaf.ends_with('n') {
                    Value::from(seeds.number())
                } else {
                    Value::from(seeds.text())
                };
                let forms = vec![planted.to_string().trim_matches('"').to_owned()];
                let place = place.to_owned();
                list.push(Plant { place, forms });
                *value = planted;
            }
            _ => {}
        }
    }

    /// Writes a value into a row.
    pub fn set(&self, row: &RowName, column: &Column, value: SqlValue) {
        let condition = self.tables.key_condition(&row.table);
        let mut values = row.values();
        values.push(value);
        let sql = format!(
            "UPDATE \"{}\" SET \"{}\" = ?{} WHERE {condition}",
            row.table,
            column.name,
            values.len()
        );
        let changed = self
            .connection
            .execute(&sql, rusqlite::params_from_iter(values));
        assert_eq!(
            changed.unwrap_or_else(|error| panic!("{sql}: {error}")),
            1,
            "{row:?}"
        );
    }

    /// What a column holds now.
    pub fn get(&self, row: &RowName, column: &str) -> SqlValue {
        let condition = self.tables.key_condition(&row.table);
        let sql = format!(
            "SELECT \"{column}\" FROM \"{}\" WHERE {condition}",
            row.table
        );
        let values = rusqlite::params_from_iter(row.values());
        self.connection
            .query_row(&sql, values, |row| row.get(0))
            .unwrap()
    }
}
