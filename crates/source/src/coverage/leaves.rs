//! The scalars of a value, in a form that compares across SQL and JSON.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

use carryall_format::json::{JsonValue, for_each_leaf};

use crate::value::Value;

/// Scalars of a set of values, as hashes: what is compared are millions, and none is kept.
pub(super) type Leaves = HashSet<u64>;

/// Adds the scalar of a column, or every leaf if it holds JSON.
pub(super) fn add_column(leaves: &mut Leaves, value: Value<'_>, is_json: bool) {
    match value {
        Value::Null => {}
        Value::Integer(integer) => {
            leaves.insert(number(&integer.to_string()));
        }
        Value::Real(real) => {
            leaves.insert(real_number(real));
        }
        Value::Text(text) | Value::Blob(text) => {
            let add = |_: &_, leaf| {
                leaves.extend(scalar(&leaf));
            };
            if !is_json || for_each_leaf(text, add).is_err() {
                leaves.insert(hash(b's', text));
            }
        }
    }
}

/// Shows the hash of every scalar at and below a JSON value.
pub(super) fn each_scalar(value: &JsonValue<'_>, mut visit: impl FnMut(u64)) {
    match value {
        JsonValue::List(raw) | JsonValue::Object(raw) => {
            // Part of a text that has been read whole, so it is JSON.
            let _ = for_each_leaf(raw, |_, leaf| {
                scalar(&leaf).into_iter().for_each(&mut visit);
            });
        }
        leaf => scalar(leaf).into_iter().for_each(visit),
    }
}

/// Null, `{}` and `[]` say nothing that could stand elsewhere.
fn scalar(leaf: &JsonValue<'_>) -> Option<u64> {
    match leaf {
        JsonValue::Null | JsonValue::List(_) | JsonValue::Object(_) => None,
        JsonValue::Boolean(truth) => Some(number(if *truth { "1" } else { "0" })),
        JsonValue::Number(text) => Some(match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(integer), _) => number(&integer.to_string()),
            (Err(_), Ok(real)) => real_number(real),
            (Err(_), Err(_)) => number(text),
        }),
        JsonValue::Text(text) => Some(hash(b's', text)),
    }
}

/// What a JSON value is, for people.
pub(super) fn json_type(value: &JsonValue<'_>) -> &'static str {
    match value {
        JsonValue::Null => "null",
        JsonValue::Boolean(_) => "boolean",
        JsonValue::Number(_) => "number",
        JsonValue::Text(_) => "text",
        JsonValue::List(_) => "list",
        JsonValue::Object(_) => "object",
    }
}

/// SQL keeps truths as 1 and 0, so these are numbers here too.
fn number(text: &str) -> u64 {
    hash(b'n', text.as_bytes())
}

/// 1.0 is 1.
fn real_number(real: f64) -> u64 {
    number(&format!("{real}"))
}

/// The same in every run, for `DefaultHasher::new` has fixed keys.
fn hash(kind: u8, bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write_u8(kind);
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use carryall_format::json::{JsonPath, values_at};

    use super::*;

    fn of_json(text: &str) -> Vec<u64> {
        let mut leaves = Vec::new();
        let all = JsonPath::parse("").unwrap();
        values_at(text.as_bytes(), &all, |value| {
            each_scalar(&value, |leaf| leaves.push(leaf));
        })
        .unwrap();
        leaves
    }

    fn of_column(value: Value<'_>, is_json: bool) -> Leaves {
        let mut leaves = Leaves::default();
        add_column(&mut leaves, value, is_json);
        leaves
    }

    #[test]
    fn a_text_and_a_number_compare_across_sql_and_json() {
        assert!(of_column("Ł\u{0}".into(), false).contains(&of_json(r#""Ł\u0000""#)[0]));
        assert!(of_column(Value::Integer(1), false).contains(&of_json("true")[0]));
        assert!(of_column(Value::Real(2.0), false).contains(&of_json("2")[0]));
        assert!(of_column(r#"{"a":[2.5]}"#.into(), true).contains(&of_json("2.50")[0]));
    }

    #[test]
    fn a_text_of_digits_is_no_number() {
        assert!(!of_column("1".into(), false).contains(&of_json("1")[0]));
    }

    #[test]
    fn a_json_column_that_holds_no_json_is_a_text() {
        assert!(of_column("plain".into(), true).contains(&of_json("\"plain\"")[0]));
    }

    #[test]
    fn null_and_what_is_empty_say_nothing() {
        assert!(of_json(r#"{"a":null,"b":[],"c":{}}"#).is_empty());
        assert!(of_column(Value::Null, false).is_empty());
    }
}
