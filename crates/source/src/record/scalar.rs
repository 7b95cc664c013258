//! Values of one column, as text, times, truths and numbers.

use std::borrow::Cow;

use carryall_format::encode::{self, BadTimestamp, Unit};
use carryall_format::gap::GapCode;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Issue, issue, note_text};
use crate::plan::{Encode, FieldPlan};
use crate::value::Value;

/// A value as text: numbers in decimal, a 16-byte blob as a UUID, other blobs in hex.
pub(crate) fn as_text(value: Value<'_>) -> Cow<'_, [u8]> {
    match value {
        Value::Null => Cow::Borrowed(b""),
        Value::Text(text) => Cow::Borrowed(text),
        Value::Integer(integer) => Cow::Owned(integer.to_string().into_bytes()),
        Value::Real(real) => Cow::Owned(real.to_string().into_bytes()),
        Value::Blob(bytes) => Cow::Owned(hex_or_uuid(bytes).into_bytes()),
    }
}

fn hex_or_uuid(bytes: &[u8]) -> String {
    let hex = carryall_format::write::hex(bytes);
    if bytes.len() != 16 {
        return hex;
    }
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

pub(super) fn time(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    value: Value<'_>,
    issues: &mut Vec<Issue>,
) {
    let written = match (&field.encode, value) {
        (Encode::Timestamp(unit, _), Value::Integer(integer)) => {
            encode::timestamp_integer(out, integer, *unit)
        }
        (Encode::Timestamp(unit, _), Value::Real(real)) => encode::timestamp_real(out, real, *unit),
        (Encode::Timestamp(unit, zone), Value::Text(text)) => match whole_number(text) {
            Some(integer) => encode::timestamp_integer(out, integer, *unit),
            None => encode::timestamp_text(out, text, zone.as_ref()),
        },
        (Encode::Date, Value::Text(text)) => encode::date_text(out, text),
        _ => Err(BadTimestamp::NotATime),
    };
    if let Err(error) = written {
        out.extend_from_slice(b"null");
        let stored = as_text(value);
        let shown: String = String::from_utf8_lossy(&stored).chars().take(64).collect();
        issues.push(issue(
            GapCode::BadTimestamp,
            field,
            format!("the product holds {shown:?}: {error}"),
        ));
    }
}

/// Integer times that were stored as text.
fn whole_number(text: &[u8]) -> Option<i64> {
    let is_number = text.len() > 4 && text.iter().all(u8::is_ascii_digit);
    if is_number {
        std::str::from_utf8(text).ok()?.parse().ok()
    } else {
        None
    }
}

/// The moment that a time field holds.
pub(crate) fn moment(unit: Unit, zone: Option<&TimeZone>, value: Value<'_>) -> Option<Timestamp> {
    match value {
        Value::Integer(integer) => encode::parse_timestamp_integer(integer, unit).ok(),
        Value::Real(real) => encode::parse_timestamp_real(real, unit).ok(),
        Value::Text(text) => match whole_number(text) {
            Some(integer) => encode::parse_timestamp_integer(integer, unit).ok(),
            None => encode::parse_timestamp_text(text, zone).ok(),
        },
        Value::Null | Value::Blob(_) => None,
    }
}

pub(super) fn boolean(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    value: Value<'_>,
    issues: &mut Vec<Issue>,
) {
    let truth = match value {
        Value::Integer(integer) => Some(integer != 0),
        Value::Text(b"1" | b"t" | b"true" | b"True" | b"TRUE" | b"yes" | b"on") => Some(true),
        Value::Text(b"" | b"0" | b"f" | b"false" | b"False" | b"FALSE" | b"no" | b"off") => {
            Some(false)
        }
        _ => None,
    };
    if let Some(truth) = truth {
        out.extend_from_slice(if truth { b"true" } else { b"false" });
    } else {
        out.extend_from_slice(b"null");
        issues.push(issue(
            GapCode::InvalidJson,
            field,
            "the product holds neither true nor false",
        ));
    }
}

pub(super) fn number_or_text(
    out: &mut Vec<u8>,
    field: &FieldPlan,
    value: Value<'_>,
    issues: &mut Vec<Issue>,
) {
    match (&field.encode, value) {
        (_, Value::Null) => out.extend_from_slice(b"null"),
        (_, Value::Integer(integer)) => integer_or_string(out, field, integer, issues),
        (Encode::Integer, Value::Real(real)) if real.fract() == 0.0 && real.abs() < 9e15 => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
            integer_or_string(out, field, real as i64, issues);
        }
        (Encode::Integer, Value::Real(real)) if real.is_finite() && real.fract() != 0.0 => {
            not_a_number(out, field, real.to_string().as_bytes(), issues);
        }
        (_, Value::Real(real)) => {
            if !encode::number(out, real) {
                let reason = "a number that JSON cannot hold became null";
                issues.push(issue(GapCode::NotFinite, field, reason));
            }
        }
        (Encode::AsStored, Value::Text(text)) => note_text(encode::text(out, text), field, issues),
        (Encode::AsStored, Value::Blob(bytes)) => {
            out.push(b'"');
            encode::base64(out, bytes);
            out.push(b'"');
        }
        (_, Value::Text(text) | Value::Blob(text)) => {
            match std::str::from_utf8(text)
                .ok()
                .and_then(|text| text.trim().parse::<i64>().ok())
            {
                Some(integer) => integer_or_string(out, field, integer, issues),
                None => text_number(out, field, text, issues),
            }
        }
    }
}

fn text_number(out: &mut Vec<u8>, field: &FieldPlan, text: &[u8], issues: &mut Vec<Issue>) {
    let number = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.trim().parse::<f64>().ok());
    match number {
        // A whole number would have been read as one before.
        Some(number) if number.is_finite() && matches!(field.encode, Encode::Integer) => {
            not_a_number(out, field, text, issues);
        }
        Some(number) if encode::number(out, number) => {}
        Some(_) => {
            issues.push(issue(
                GapCode::NotFinite,
                field,
                "a number that JSON cannot hold became null",
            ));
        }
        None => not_a_number(out, field, text, issues),
    }
}

/// What stands where a number belongs, as text.
fn not_a_number(out: &mut Vec<u8>, field: &FieldPlan, text: &[u8], issues: &mut Vec<Issue>) {
    note_text(encode::text(out, text), field, issues);
    let reason = if matches!(field.encode, Encode::Integer) {
        "the product holds something else where a whole number belongs"
    } else {
        "the product holds text where a number belongs"
    };
    issues.push(issue(GapCode::NumberAsString, field, reason));
}

fn integer_or_string(out: &mut Vec<u8>, field: &FieldPlan, integer: i64, issues: &mut Vec<Issue>) {
    if encode::integer(out, integer) {
        let reason = "a number beyond 2^53 is written as a string, so that no reader rounds it";
        issues.push(issue(GapCode::NumberAsString, field, reason));
    }
}
