//! Rows as a product holds them, some with faults.

use proptest::prelude::*;

use super::COLUMNS;
use crate::value::Value;

/// What stands in a column of a product without faults.
fn usual(column: usize) -> &'static [Value<'static>] {
    const fn text(text: &'static str) -> Value<'static> {
        Value::Text(text.as_bytes())
    }
    const IDS: &[Value<'_>] = &[text("i-1"), text("i-2"), Value::Null];
    const LISTS: &[Value<'_>] = &[text("[]"), text("[\"i-1\"]"), Value::Null];
    const PEOPLE: &[Value<'_>] = &[
        text("anna"),
        text("model"),
        Value::Blob(b"0123456789abcdef"),
    ];
    const TEXTS: &[Value<'_>] = &[
        text("hello"),
        text("\"quoted\"\n"),
        Value::Text(LONG),
        Value::Null,
    ];
    const JSON: &[Value<'_>] = &[
        text("{\"a\":1}"),
        text("{\"a\":\"x\"}"),
        text("{}"),
        Value::Null,
    ];
    const TIMES: &[Value<'_>] = &[
        Value::Integer(1_772_323_200),
        text("2026-03-01T00:00:00.000Z"),
    ];
    const TRUTHS: &[Value<'_>] = &[Value::Integer(0), Value::Integer(1), Value::Null];
    const NUMBERS: &[Value<'_>] = &[Value::Real(0.0), Value::Real(-0.0), Value::Integer(7)];
    [
        IDS, IDS, IDS, LISTS, PEOPLE, TEXTS, JSON, TIMES, TRUTHS, NUMBERS,
    ][column]
}

/// Longer than what is handed over at once.
pub(super) static LONG: &[u8] = &[b'x'; 300_000];
/// Longer than what a batch keeps once.
static SHORT: &[u8] = &[b'y'; 70];

/// Values of which each is something to some field, and a fault to others.
fn values() -> Vec<Value<'static>> {
    let texts: [&[u8]; 14] = [
        b"",
        b"user",
        b"assistant",
        b"i-1",
        b"left-1",
        b"[]",
        b"[\"i-1\",\"i-2\"]",
        b"{\"a\":1}",
        b"{\"b\":2}",
        b"\"quoted\"\n",
        b"not UTF-8: \xff",
        b"2026-03-01T00:00:00.000Z",
        SHORT,
        LONG,
    ];
    let numbers = [
        Value::Null,
        Value::Integer(0),
        Value::Integer(1_772_323_200),
        Value::Integer(i64::MAX),
        Value::Real(0.0),
        Value::Real(-0.0),
        Value::Real(f64::INFINITY),
        Value::Blob(b"user"),
        Value::Blob(b""),
    ];
    numbers.into_iter().chain(texts.map(Value::Text)).collect()
}

/// What comes before a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Before {
    Nothing,
    /// The batch is filled anew.
    Batch,
    /// The buffer is taken.
    Sent,
    /// A row that another writes: it is in the batch, and not among the records.
    Skipped,
}

/// A value of a column: one of the usual, any, or none for what the row two before has.
#[derive(Debug, Clone, Copy)]
enum Drawn {
    AsBefore,
    Usual(prop::sample::Index),
    Any(prop::sample::Index),
}

pub(super) type Rows = Vec<(Before, Vec<Value<'static>>)>;

pub(super) fn rows() -> impl Strategy<Value = Rows> {
    let before = prop_oneof![
        12 => Just(Before::Nothing),
        1 => Just(Before::Batch),
        1 => Just(Before::Sent),
        1 => Just(Before::Skipped),
    ];
    let cell = prop_oneof![
        200 => Just(Drawn::AsBefore),
        50 => any::<prop::sample::Index>().prop_map(Drawn::Usual),
        1 => any::<prop::sample::Index>().prop_map(Drawn::Any),
    ];
    let row = (before, prop::collection::vec(cell, COLUMNS));
    prop::collection::vec(row, 1..24).prop_map(|rows| drawn(&rows))
}

/// The values of each row.
fn drawn(rows: &[(Before, Vec<Drawn>)]) -> Rows {
    let values = values();
    let mut all: Rows = Vec::new();
    for (before, cells) in rows {
        let model = all.len().checked_sub(2);
        let row = cells
            .iter()
            .enumerate()
            .map(|(column, cell)| match (cell, model) {
                (Drawn::Usual(place), _) => *place.get(usual(column)),
                (Drawn::Any(place), _) => *place.get(&values),
                (Drawn::AsBefore, Some(model)) => all[model].1[column],
                (Drawn::AsBefore, None) => usual(column)[0],
            });
        let row = row.collect();
        all.push((*before, row));
    }
    all
}
