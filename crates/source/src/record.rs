//! One row becomes one record: borrowed column values go straight into the writer's buffer.

mod earlier;
mod long;
mod lookup;
mod notes;
mod scalar;

use std::borrow::Cow;

pub(crate) use self::earlier::Earlier;
pub(crate) use self::notes::Issue;
use self::notes::{issue, note_json, note_text, note_unmapped};
pub(crate) use self::scalar::as_text;
use carryall_format::encode;
use carryall_format::gap::GapCode;
use carryall_format::json::{self, InvalidJson, JsonIssues, JsonPath, JsonValue, KeyFilter, Step};
use carryall_format::section::Section;
use carryall_format::write::Reference;

use crate::plan::{Encode, FieldPlan, From};
use crate::snapshot::Row;
use crate::value::Value;

/// What a record needs to know beyond its own row.
pub(crate) trait Surroundings {
    /// The error of the export.
    type Error;
    /// What a reference of this record points at.
    fn resolve(&mut self, target: Section, id: &[u8]) -> Result<Reference, Self::Error>;
    /// Whether records stay out because they were not asked for.
    fn is_slice(&self) -> bool;
    /// The word for a person: the subject's own id, or a pseudonym.
    fn person(&mut self, id: &[u8]) -> Vec<u8>;
    /// Takes what was written so far of a record that goes straight to the file: more of a long value follows.
    fn make_room(&mut self, out: &mut Vec<u8>) -> Result<(), Self::Error>;
    /// How much of the file was taken so far.
    fn sent_bytes(&self) -> u64;
}

/// Appends fields to `out`, the first one without its comma when nothing stands before it.
pub(crate) fn encode_fields<S: Surroundings>(
    out: &mut Vec<u8>,
    fields: &[FieldPlan],
    row: &Row<'_>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    for field in fields {
        encode_member(out, field, row, around, issues)?;
    }
    Ok(())
}

/// Appends a field with its key.
fn encode_member<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    row: &Row<'_>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    let is_first = out.last().is_none_or(|last| *last == b'{');
    out.extend_from_slice(if is_first {
        &field.key[1..]
    } else {
        &field.key
    });
    encode_field(out, field, row, around, issues)
}

/// Appends the value of one field.
pub(crate) fn encode_field<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    row: &Row<'_>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    match &field.from {
        From::Constant(value) if value.is_empty() => out.extend_from_slice(b"null"),
        From::Constant(value) => {
            encode::text(out, value.as_bytes());
        }
        From::Column(place) => match row.value(*place) {
            Value::Null => out.extend_from_slice(empty(&field.encode)),
            value => encode_value(out, field, value, around, issues)?,
        },
        From::Json(place, path) => {
            let value = row.value(*place);
            let text = match value {
                Value::Null => {
                    out.extend_from_slice(empty(&field.encode));
                    return Ok(());
                }
                Value::Text(text) | Value::Blob(text) => Cow::Borrowed(text),
                // SQLite keeps the JSON `7` as a number where the column is declared JSON.
                Value::Integer(_) | Value::Real(_) => as_text(value),
            };
            match json_values(&text, path) {
                Ok(values) => encode_found(out, field, &values, around, issues)?,
                Err(error) => {
                    out.extend_from_slice(empty(&field.encode));
                    issues.push(issue(GapCode::InvalidJson, field, error));
                }
            }
        }
    }
    Ok(())
}

/// What stands for "none".
fn empty(encode: &Encode) -> &'static [u8] {
    if matches!(encode, Encode::References(_)) {
        b"[]"
    } else {
        b"null"
    }
}

/// A value that a path found, as a column would hold it.
pub(crate) enum Found {
    Null,
    Integer(i64),
    Real(f64),
    Text(Vec<u8>),
    /// A list or an object, as it stands.
    Json(Vec<u8>),
}

impl Found {
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Found::Null => Value::Null,
            Found::Integer(integer) => Value::Integer(*integer),
            Found::Real(real) => Value::Real(*real),
            Found::Text(text) | Found::Json(text) => Value::Text(text),
        }
    }
}

fn encode_found<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    found: &[Found],
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    match (&field.encode, found) {
        (Encode::References(section), _) => {
            encode_references(out, field, *section, ids(found), around, issues)
        }
        (_, [] | [Found::Null, ..]) => {
            out.extend_from_slice(b"null");
            Ok(())
        }
        (_, [first, ..]) => encode_value(out, field, first.as_value(), around, issues),
    }
}

/// What a list of ids holds, whatever somebody wrote into it; null is no id.
fn ids(found: &[Found]) -> impl Iterator<Item = Vec<u8>> {
    let is_id = |found: &&Found| !matches!(found, Found::Null);
    let text = |found: &Found| as_text(found.as_value()).into_owned();
    found.iter().filter(is_id).map(text)
}

fn encode_value<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    value: Value<'_>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    if !field.values.is_empty() {
        let text = as_text(value);
        if let Some((_, to)) = field.values.iter().find(|(from, _)| *from == *text) {
            encode::text(out, to);
            return Ok(());
        }
    }
    if long::encode_long(out, field, value, around, issues)? {
        return Ok(());
    }
    match &field.encode {
        Encode::Text => match value {
            Value::Text(text) | Value::Blob(text) => {
                note_text(encode::text(out, text), field, issues);
            }
            _ => note_text(encode::text(out, &as_text(value)), field, issues),
        },
        Encode::Id => note_text(encode::text(out, &as_text(value)), field, issues),
        Encode::Reference(section) => {
            return encode_reference(out, field, *section, &as_text(value), around, issues);
        }
        Encode::References(_) if value.bytes() == Some(b"[]") => out.extend_from_slice(b"[]"),
        Encode::References(section) => {
            let text = as_text(value);
            let found = match json_values(&text, &JsonPath::default()) {
                Ok(found) => found,
                Err(_) if text.is_empty() => Vec::new(),
                // One id that nobody wrote as JSON.
                Err(_) => vec![Found::Text(text.into_owned())],
            };
            return encode_references(out, field, *section, ids(&found), around, issues);
        }
        Encode::Person => {
            let person = around.person(&as_text(value));
            note_text(encode::text(out, &person), field, issues);
        }
        Encode::Json(filter) => encode_json(out, field, filter, value, issues),
        Encode::Timestamp(..) | Encode::Date => scalar::time(out, field, value, issues),
        Encode::Boolean => scalar::boolean(out, field, value, issues),
        Encode::Integer | Encode::Number | Encode::AsStored => {
            scalar::number_or_text(out, field, value, issues);
        }
    }
    Ok(())
}

fn encode_reference<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    target: Section,
    id: &[u8],
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    if may_stand(field, target, id, around, issues)? {
        encode::text(out, id);
    } else {
        out.extend_from_slice(b"null");
    }
    Ok(())
}

fn encode_references<S: Surroundings>(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    target: Section,
    ids: impl Iterator<Item = Vec<u8>>,
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<(), S::Error> {
    out.push(b'[');
    for id in ids {
        if may_stand(field, target, &id, around, issues)? {
            if out.last() != Some(&b'[') {
                out.push(b',');
            }
            encode::text(out, &id);
        }
    }
    out.push(b']');
    Ok(())
}

/// A reference to what was left out, or not asked for, would dangle and name somebody else's record; one
/// to what the product has lost stays, and is a gap. So does one without which the record would not be
/// one of its section: the record is the person's, and so is where it belongs.
fn may_stand<S: Surroundings>(
    field: &FieldPlan,
    target: Section,
    id: &[u8],
    around: &mut S,
    issues: &mut Vec<Issue>,
) -> Result<bool, S::Error> {
    let reason = match around.resolve(target, id)? {
        Reference::Included => return Ok(true),
        Reference::Unknown if !around.is_slice() => "the product no longer has this record of",
        _ if field.is_required => "this file does not hold this record of",
        _ => return Ok(false),
    };
    let reason = format!("{reason} {}", target.name());
    issues.push(issue(GapCode::DanglingReference, field, reason));
    Ok(true)
}

fn encode_json(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    filter: &KeyFilter,
    value: Value<'_>,
    issues: &mut Vec<Issue>,
) {
    let mut met = JsonIssues::default();
    match json::filter(out, &as_text(value), filter, &mut met) {
        Ok(()) => note_json(&met, field, issues),
        Err(error) => {
            out.extend_from_slice(b"null");
            issues.push(issue(GapCode::InvalidJson, field, error));
        }
    }
}

/// Reads a JSON column of which nothing leaves, for keys that the map does not name.
pub(crate) fn audit(
    field: &FieldPlan,
    row: &Row<'_>,
    scratch: &mut Vec<u8>,
    issues: &mut Vec<Issue>,
) {
    let (From::Column(place), Encode::Json(filter)) = (&field.from, &field.encode) else {
        return;
    };
    let value = row.value(*place);
    if !value.is_null() {
        scratch.clear();
        let mut met = JsonIssues::default();
        match json::filter(scratch, &as_text(value), filter, &mut met) {
            Ok(()) => note_unmapped(&met, field, issues),
            Err(error) => issues.push(issue(GapCode::InvalidJson, field, error)),
        }
    }
}

/// The values at a path, as columns would hold them. A list counts as its items.
pub(crate) fn json_values(text: &[u8], path: &JsonPath) -> Result<Vec<Found>, InvalidJson> {
    let mut found = Vec::new();
    let mut lists = Vec::new();
    json::values_at(text, path, |value| match value {
        JsonValue::List(list) => lists.push(list),
        value => found.push(Found::from(value)),
    })?;
    for list in lists {
        json::values_at(list, &items(), |value| found.push(Found::from(value)))?;
    }
    Ok(found)
}

/// `[]`: the items of a list.
fn items() -> JsonPath {
    let mut path = JsonPath::default();
    path.push(Step::Elements);
    path
}

impl std::convert::From<JsonValue<'_>> for Found {
    fn from(value: JsonValue<'_>) -> Found {
        match value {
            JsonValue::Null => Found::Null,
            JsonValue::Boolean(truth) => Found::Integer(i64::from(truth)),
            JsonValue::Text(text) => Found::Text(text.into_owned()),
            JsonValue::List(json) | JsonValue::Object(json) => Found::Json(json.to_vec()),
            JsonValue::Number(number) => match (number.parse(), number.parse()) {
                (Ok(integer), _) => Found::Integer(integer),
                (_, Ok(real)) => Found::Real(real),
                _ => Found::Text(number.as_bytes().to_vec()),
            },
        }
    }
}
