//! A value of the file as a value of the database.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use carryall_format::encode::Unit;
use carryall_format::section::Kind;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::columns::{ColumnPlan, ColumnType};

/// What a column gets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Cell {
    pub(super) fn is_null(&self) -> bool {
        *self == Cell::Null
    }
}

/// A field of this kind.
pub(super) fn of_kind(value: &Value, kind: Kind, column: &ColumnPlan) -> Cell {
    match (value, kind) {
        (Value::String(text), Kind::Integer) => text
            .parse()
            .map_or_else(|_| Cell::Text(text.clone()), Cell::Integer),
        (Value::String(text), _) => Cell::Text(translated(text, column).into_owned()),
        _ => as_stored(value, column),
    }
}

/// A column as an export writes it when it knows no kind.
pub(super) fn as_stored(value: &Value, column: &ColumnPlan) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(truth) if column.of == ColumnType::Integer => Cell::Integer((*truth).into()),
        Value::Bool(truth) => Cell::Boolean(*truth),
        Value::Number(number) => number.as_i64().map_or_else(
            || Cell::Real(number.as_f64().unwrap_or_default()),
            |integer| match column.of {
                ColumnType::Boolean => Cell::Boolean(integer != 0),
                _ => Cell::Integer(integer),
            },
        ),
        Value::String(text) if column.of == ColumnType::Blob => STANDARD
            .decode(text)
            .map_or_else(|_| Cell::Text(text.clone()), Cell::Blob),
        Value::String(text) => Cell::Text(translated(text, column).into_owned()),
        Value::Array(_) | Value::Object(_) => json(value),
    }
}

/// JSON as text.
pub(super) fn json(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        value => Cell::Text(value.to_string()),
    }
}

fn translated<'a>(text: &'a str, column: &'a ColumnPlan) -> Cow<'a, str> {
    let word = column.words.iter().find(|(said, _)| said == text);
    Cow::Borrowed(word.map_or(text, |(_, stored)| stored))
}

/// A time as the product stores it. Text has at least milliseconds, so that texts sort as times do.
pub(super) fn time(text: &str, unit: Option<Unit>, zone: Option<&TimeZone>) -> Cell {
    let Ok(moment) = text.parse::<Timestamp>() else {
        return Cell::Text(text.to_owned());
    };
    let nanoseconds = moment.as_nanosecond();
    if let Some(unit) = unit {
        let of = match unit {
            Unit::Seconds => 1_000_000_000,
            Unit::Milliseconds => 1_000_000,
            Unit::Microseconds => 1_000,
            Unit::Nanoseconds => 1,
        };
        return i64::try_from(nanoseconds.div_euclid(of)).map_or(Cell::Null, Cell::Integer);
    }
    let digits = match nanoseconds.rem_euclid(1_000_000_000) {
        part if part % 1_000_000 == 0 => 3,
        part if part % 1_000 == 0 => 6,
        _ => 9,
    };
    Cell::Text(match zone {
        None => format!("{moment:.digits$}"),
        Some(zone) => {
            let local = zone.to_datetime(moment);
            format!("{local:.digits$}").replace('T', " ")
        }
    })
}

/// A value without U+0000, for databases that hold none; whether there was one.
pub(super) fn without_nul(value: &mut Value) -> bool {
    match value {
        Value::String(text) if text.contains('\0') => {
            *text = text.replace('\0', "\u{fffd}");
            true
        }
        Value::Array(all) => all
            .iter_mut()
            .fold(false, |met, one| without_nul(one) | met),
        Value::Object(all) => all
            .values_mut()
            .fold(false, |met, one| without_nul(one) | met),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_stored_in_the_products_own_way() {
        let utc = TimeZone::UTC;
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for (text, unit, zone, stored) in [
            (
                "2026-03-01T10:00:00Z",
                None,
                None,
                Cell::Text("2026-03-01T10:00:00.000Z".into()),
            ),
            (
                "2026-03-01T10:00:00.25Z",
                None,
                None,
                Cell::Text("2026-03-01T10:00:00.250Z".into()),
            ),
            (
                "2026-03-01T10:00:00.000001Z",
                None,
                Some(&utc),
                Cell::Text("2026-03-01 10:00:00.000001".into()),
            ),
            (
                "2026-03-01T10:00:00Z",
                None,
                Some(&paris),
                Cell::Text("2026-03-01 11:00:00.000".into()),
            ),
            (
                "2026-03-01T10:00:00Z",
                Some(Unit::Seconds),
                None,
                Cell::Integer(1_772_359_200),
            ),
            (
                "1969-12-31T23:59:59.999Z",
                Some(Unit::Milliseconds),
                Some(&utc),
                Cell::Integer(-1),
            ),
            (
                "2026-03-01T10:00:00.000000001Z",
                Some(Unit::Nanoseconds),
                None,
                Cell::Integer(1_772_359_200_000_000_001),
            ),
        ] {
            assert_eq!(time(text, unit, zone), stored, "{text}");
        }
    }

    #[test]
    fn nul_is_replaced_wherever_it_stands() {
        let mut value = serde_json::json!({"a": ["x\0", {"b": "\0"}], "c": 1});
        assert!(without_nul(&mut value));
        assert_eq!(
            value,
            serde_json::json!({"a": ["x\u{fffd}", {"b": "\u{fffd}"}], "c": 1})
        );
        assert!(!without_nul(&mut value));
    }
}
