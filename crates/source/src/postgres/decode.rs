//! PostgreSQL's binary values as the record encoder takes them.
//!
//! Promises: a value becomes what SQLite would hold for the same product (a truth is 1 or 0, a UUID and a
//! time are text), so that both engines' exports agree; a type that is not known here is an error, never
//! a guess.

mod composite;
mod numeric;
mod time;

use tokio_postgres::types::{FromSql, Kind, Type};

use crate::batch::Batch;
use crate::value::Value;

/// The bytes of a column, whatever its type.
pub(super) struct Raw<'r>(pub(super) Option<&'r [u8]>);

impl<'r> FromSql<'r> for Raw<'r> {
    fn from_sql(_: &Type, raw: &'r [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(Some(raw)))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Raw(None))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Undecodable;

/// How a column's values are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decode {
    Text,
    /// A version byte, then text.
    Jsonb,
    Bytes,
    Boolean,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Uuid,
    Timestamp,
    TimestampUtc,
    Date,
    Time,
    Address,
    /// A JSON list.
    List(Box<Decode>),
    /// As PostgreSQL writes it: `[2026-01-01,2026-02-01)`.
    Range(Box<Decode>),
}

impl Decode {
    /// How values of a type are read; none when nobody taught it.
    pub(super) fn of(ty: &Type) -> Option<Decode> {
        Some(match ty.kind() {
            Kind::Enum(_) => Decode::Text,
            Kind::Domain(inner) => Decode::of(inner)?,
            Kind::Array(item) => Decode::List(Box::new(Decode::of(item)?)),
            Kind::Range(item) => Decode::Range(Box::new(Decode::of(item)?)),
            Kind::Simple => match *ty {
                Type::TEXT
                | Type::VARCHAR
                | Type::BPCHAR
                | Type::NAME
                | Type::JSON
                | Type::XML
                | Type::UNKNOWN
                | Type::CHAR => Decode::Text,
                Type::JSONB => Decode::Jsonb,
                Type::BYTEA => Decode::Bytes,
                Type::BOOL => Decode::Boolean,
                Type::INT2 => Decode::Int2,
                Type::INT4 => Decode::Int4,
                Type::INT8 => Decode::Int8,
                Type::OID => Decode::Oid,
                Type::FLOAT4 => Decode::Float4,
                Type::FLOAT8 => Decode::Float8,
                Type::NUMERIC => Decode::Numeric,
                Type::UUID => Decode::Uuid,
                Type::TIMESTAMP => Decode::Timestamp,
                Type::TIMESTAMPTZ => Decode::TimestampUtc,
                Type::DATE => Decode::Date,
                Type::TIME => Decode::Time,
                Type::INET | Type::CIDR => Decode::Address,
                // An extension's, whose number differs in each database.
                _ if ty.name() == "citext" => Decode::Text,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Whether values are short and of one length, and take longer to spell than to compare.
    pub(super) fn is_worth_remembering(&self) -> bool {
        use Decode::{Date, Timestamp, TimestampUtc, Uuid};
        matches!(self, Uuid | Timestamp | TimestampUtc | Date)
    }

    /// Adds a value to a batch.
    pub(super) fn push(&self, batch: &mut Batch, raw: Option<&[u8]>) -> Result<(), Undecodable> {
        let Some(raw) = raw else {
            batch.push(Value::Null);
            return Ok(());
        };
        let value = match self {
            Decode::Text => Value::Text(raw),
            Decode::Bytes => Value::Blob(raw),
            Decode::Jsonb => Value::Text(raw.get(1..).ok_or(Undecodable)?),
            Decode::Boolean => Value::Integer(i64::from(raw == [1])),
            Decode::Int2 => Value::Integer(i64::from(i16::from_be_bytes(exact(raw)?))),
            Decode::Int4 => Value::Integer(i64::from(i32::from_be_bytes(exact(raw)?))),
            Decode::Int8 => Value::Integer(i64::from_be_bytes(exact(raw)?)),
            Decode::Oid => Value::Integer(i64::from(u32::from_be_bytes(exact(raw)?))),
            Decode::Float4 => Value::Real(shortest(f32::from_be_bytes(exact(raw)?))),
            Decode::Float8 => Value::Real(f64::from_be_bytes(exact(raw)?)),
            Decode::Numeric => return push_numeric(batch, raw),
            _ => return batch.push_text(|out| self.write(out, raw)).map(drop),
        };
        batch.push(value);
        Ok(())
    }

    /// Appends a value as PostgreSQL would print it.
    pub(super) fn write(&self, out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Undecodable> {
        match self {
            Decode::Text => out.extend_from_slice(raw),
            Decode::Jsonb => out.extend_from_slice(raw.get(1..).ok_or(Undecodable)?),
            Decode::Bytes => carryall_format::encode::base64(out, raw),
            Decode::Boolean => {
                out.extend_from_slice(if raw == [1] { b"true" } else { b"false" });
            }
            Decode::Int2 => plain(out, &i16::from_be_bytes(exact(raw)?)),
            Decode::Int4 => plain(out, &i32::from_be_bytes(exact(raw)?)),
            Decode::Int8 => plain(out, &i64::from_be_bytes(exact(raw)?)),
            Decode::Oid => plain(out, &u32::from_be_bytes(exact(raw)?)),
            Decode::Float4 => plain(out, &f32::from_be_bytes(exact(raw)?)),
            Decode::Float8 => plain(out, &f64::from_be_bytes(exact(raw)?)),
            Decode::Numeric => out.extend_from_slice(numeric::decimal(raw)?.as_bytes()),
            Decode::Uuid => uuid(out, raw)?,
            Decode::Timestamp => time::timestamp(out, i64::from_be_bytes(exact(raw)?), false),
            Decode::TimestampUtc => time::timestamp(out, i64::from_be_bytes(exact(raw)?), true),
            Decode::Date => time::date(out, i32::from_be_bytes(exact(raw)?)),
            Decode::Time => time::time(out, i64::from_be_bytes(exact(raw)?)),
            Decode::Address => composite::address(out, raw)?,
            Decode::List(item) => composite::list(out, item, raw)?,
            Decode::Range(item) => composite::range(out, item, raw)?,
        }
        Ok(())
    }

    /// Whether its text is a JSON value as it stands.
    fn is_json(&self) -> bool {
        matches!(
            self,
            Decode::Boolean
                | Decode::Int2
                | Decode::Int4
                | Decode::Int8
                | Decode::Oid
                | Decode::Jsonb
        )
    }
}

/// A whole number, a number that loses nothing, or the digits.
fn push_numeric(batch: &mut Batch, raw: &[u8]) -> Result<(), Undecodable> {
    let decimal = numeric::decimal(raw)?;
    if let Ok(integer) = decimal.parse::<i64>() {
        batch.push(Value::Integer(integer));
        return Ok(());
    }
    let trimmed = if decimal.contains('.') {
        decimal.trim_end_matches('0').trim_end_matches('.')
    } else {
        &decimal
    };
    match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
        (Ok(integer), _) => batch.push(Value::Integer(integer)),
        (_, Ok(real)) if real.to_string() == trimmed || !real.is_finite() => {
            batch.push(Value::Real(real));
        }
        _ => batch.push(Value::Text(decimal.as_bytes())),
    }
    Ok(())
}

/// The double with the digits that the single is printed with: 0.1, not 0.10000000149.
fn shortest(single: f32) -> f64 {
    single.to_string().parse().unwrap_or(f64::from(single))
}

fn exact<const N: usize>(raw: &[u8]) -> Result<[u8; N], Undecodable> {
    raw.try_into().map_err(|_| Undecodable)
}

fn plain(out: &mut Vec<u8>, value: &dyn std::fmt::Display) {
    use std::io::Write as _;
    // A Vec takes everything.
    let _ = write!(out, "{value}");
}

/// Two hexadecimal digits for each byte.
const HEX: [[u8; 2]; 256] = {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};
/// Where the digits of each byte of a UUID stand.
const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

/// Written as a whole: a message has five of them.
fn uuid(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), Undecodable> {
    let bytes: [u8; 16] = exact(raw)?;
    let mut text = [b'-'; 36];
    for (byte, place) in bytes.into_iter().zip(PLACES) {
        text[place..place + 2].copy_from_slice(&HEX[usize::from(byte)]);
    }
    out.extend_from_slice(&text);
    Ok(())
}
