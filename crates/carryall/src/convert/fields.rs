//! Fields of a record, as other programs want them.

use jiff::Timestamp;
use serde_json::{Map, Value};

/// A record, its fields in order.
pub type Record = Map<String, Value>;

/// A text.
pub fn text<'r>(record: &'r Record, field: &str) -> Option<&'r str> {
    record.get(field).and_then(Value::as_str)
}

/// A text, or nothing at all.
pub fn text_or_empty<'r>(record: &'r Record, field: &str) -> &'r str {
    text(record, field).unwrap_or_default()
}

/// The ids in a list.
pub fn ids<'r>(record: &'r Record, field: &str) -> impl Iterator<Item = &'r str> {
    let list = record.get(field).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// A time in seconds since 1970, whole or not.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since 1970 are below 2^53 until the year 2255"
)]
pub fn seconds(record: &Record, field: &str) -> Option<f64> {
    let time: Timestamp = text(record, field)?.parse().ok()?;
    Some(time.as_microsecond() as f64 / 1e6)
}

/// A time in whole seconds since 1970.
pub fn whole_seconds(record: &Record, field: &str) -> Option<i64> {
    let time: Timestamp = text(record, field)?.parse().ok()?;
    Some(time.as_second())
}

/// Whether a value says anything.
pub fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
