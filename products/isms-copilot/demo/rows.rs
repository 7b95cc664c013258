//! Rows that stand in a file under `story/` as they are, with whose they are beside them.
//!
//! `{"table": [{"own": ["marta"], "id": "@invoice/1", ...}]}`: `own`, `frame` and `left_out` name
//! people, every other key is a column. Strings that mean more than themselves:
//! `@label` is the id that belongs to a label, `email:marta` an address, `hex:40` a secret of so many
//! digits, `seconds:2026-11-09T08:12` a whole number, and a time without seconds gets some.

use anyhow::{Context, Result, bail};
use rusqlite::types::Value as SqlValue;
use serde_json::{Map, Value};

use super::book::{Book, Cell};
use super::moment::Moment;
use super::owners::Whose;
use super::random::{Random, id_of};
use super::story::Story;

const PEOPLE: [&str; 3] = ["own", "frame", "left_out"];

/// Inserts every row of such a file.
pub fn insert_rows(book: &mut Book, story: &Story, text: &str) -> Result<()> {
    let tables: Map<String, Value> = serde_json::from_str(text)?;
    for (table, rows) in &tables {
        let rows = rows
            .as_array()
            .with_context(|| format!("{table} is not a list"))?;
        for (index, row) in rows.iter().enumerate() {
            let place = format!("{table}/{index}");
            insert_row(book, story, table, row, &place)
                .with_context(|| format!("cannot insert {place}"))?;
        }
    }
    Ok(())
}

fn insert_row(book: &mut Book, story: &Story, table: &str, row: &Value, place: &str) -> Result<()> {
    let row = row.as_object().context("a row is an object")?;
    let whose = Whose {
        own: emails(story, row.get("own"))?,
        frame: emails(story, row.get("frame"))?,
        left_out: emails(story, row.get("left_out"))?,
    };
    let columns = row
        .iter()
        .filter(|(name, _)| !PEOPLE.contains(&name.as_str()));
    let cells = columns
        .map(|(name, value)| {
            Ok((
                name.as_str(),
                cell(story, value, &format!("{place}/{name}"))?,
            ))
        })
        .collect::<Result<Vec<Cell<'_>>>>()?;
    book.insert(table, &cells, &whose)
}

fn emails(story: &Story, keys: Option<&Value>) -> Result<Vec<String>> {
    let Some(keys) = keys else {
        return Ok(Vec::new());
    };
    story.emails(&serde_json::from_value::<Vec<String>>(keys.clone())?)
}

/// What a column gets for a value of the file.
fn cell(story: &Story, value: &Value, place: &str) -> Result<SqlValue> {
    Ok(match value {
        Value::Null => SqlValue::Null,
        Value::Bool(flag) => SqlValue::Integer(i64::from(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(number) => SqlValue::Integer(number),
            None => SqlValue::Real(number.as_f64().context("a number out of range")?),
        },
        Value::String(text) => text_cell(story, text, place)?,
        Value::Array(_) | Value::Object(_) => SqlValue::Text(value.to_string()),
    })
}

fn text_cell(story: &Story, text: &str, place: &str) -> Result<SqlValue> {
    if let Some(label) = text.strip_prefix('@') {
        return Ok(SqlValue::Text(id_of(label)));
    }
    // All times of a row get the same seconds, so that none is changed before it was made.
    let row = place.rsplit_once('/').map_or(place, |(row, _)| row);
    Ok(match text.split_once(':') {
        Some(("email", key)) => SqlValue::Text(story.person(key)?.email.clone()),
        Some(("password", key)) => SqlValue::Text(story.person(key)?.password_hash.clone()),
        Some(("totp", key)) => {
            let secret = story.person(key)?.totp_secret.clone();
            SqlValue::Text(secret.context("a person without an authenticator app")?)
        }
        Some(("hex", digits)) => SqlValue::Text(Random::seeded(place).hex(digits.parse()?)),
        Some(("blob", size)) => SqlValue::Blob(numbers(place, size.parse()?)),
        Some(("seconds", time)) => SqlValue::Integer(natural(time, row)?.seconds()),
        Some(_) if is_minute(text) => SqlValue::Text(natural(text, row)?.to_string()),
        _ => SqlValue::Text(text.to_owned()),
    })
}

/// A row of numbers as a search index keeps it.
fn numbers(place: &str, size: usize) -> Vec<u8> {
    let mut random = Random::seeded(place);
    std::iter::repeat_with(|| random.next().to_le_bytes())
        .flatten()
        .take(size)
        .collect()
}

/// Whether a text is a time up to the minute, such as `2026-11-09T08:12`.
fn is_minute(text: &str) -> bool {
    let shape = text
        .bytes()
        .map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    shape.eq(*b"0000-00-00T00:00")
}

/// That time with seconds and milliseconds, which depend on where it stands.
pub fn natural(minute: &str, place: &str) -> Result<Moment> {
    if !is_minute(minute) {
        bail!("`{minute}` is not a time up to the minute");
    }
    let millis = i64::try_from(Random::seeded(place).below(60_000))?;
    Ok(Moment::parse(minute)?.plus_millis(millis))
}
