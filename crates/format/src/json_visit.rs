//! Looks at values inside a JSON column, for fields that are taken out of it and for the gate.
//!
//! Promises: the same reading as the filter (strict, at most 128 containers deep, the last of
//! duplicate keys counts), and nothing is visited unless the whole text is JSON.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::json_path::{JsonPath, Step};
use crate::json_read::{InvalidJson, Reader};

/// A value inside a JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonValue<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number as it is written; `NaN`, `Infinity` and `-Infinity` too.
    Number(&'a str),
    /// A string, decoded. Not checked as UTF-8, so it goes through `encode::text`, which says what it
    /// had to change; half of a surrogate pair is the byte FF here.
    Text(Cow<'a, [u8]>),
    /// A list, as it is written.
    List(&'a [u8]),
    /// An object, as it is written.
    Object(&'a [u8]),
}

impl JsonValue<'_> {
    /// Whether it is null, `{}` or `[]`.
    pub fn is_empty(&self) -> bool {
        match self {
            JsonValue::Null => true,
            JsonValue::List(raw) | JsonValue::Object(raw) => {
                raw[1..raw.len() - 1].trim_ascii().is_empty()
            }
            _ => false,
        }
    }
}

/// Visits every value that `path` names, in the order of the text; none if there is none.
///
/// `*` visits the value of every key, at the end of a path too; `[]` visits every element. A list
/// that is named without `[]` is visited as one value.
pub fn values_at<'a>(
    input: &'a [u8],
    path: &JsonPath,
    mut visit: impl FnMut(JsonValue<'a>),
) -> Result<(), InvalidJson> {
    Reader::new(input).whole(Reader::skip)?;
    walk(input.trim_ascii(), path.steps(), &mut visit)
}

fn walk<'a>(
    raw: &'a [u8],
    steps: &[Step],
    visit: &mut impl FnMut(JsonValue<'a>),
) -> Result<(), InvalidJson> {
    let Some((step, rest)) = steps.split_first() else {
        visit(value_of(raw)?);
        return Ok(());
    };
    match (step, raw.first()) {
        (Step::Elements, Some(b'[')) => elements(raw)?
            .into_iter()
            .try_for_each(|element| walk(element, rest, visit)),
        (Step::AnyKey, Some(b'{')) => members(raw)?
            .into_iter()
            .try_for_each(|(_, value)| walk(value, rest, visit)),
        (Step::Key(name), Some(b'{')) => match last_value(raw, name.as_bytes())? {
            Some(value) => walk(value, rest, visit),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Visits every leaf with its path: scalars, nulls, empty lists and empty objects.
///
/// The path holds the keys themselves, and `[]` for any element of a list. It is lent for the visit;
/// `JsonPath::generalised` makes it fit to be shown.
pub fn for_each_leaf<'a>(
    input: &'a [u8],
    mut visit: impl FnMut(&JsonPath, JsonValue<'a>),
) -> Result<(), InvalidJson> {
    Reader::new(input).whole(Reader::skip)?;
    leaves(input.trim_ascii(), &mut JsonPath::default(), &mut visit)
}

fn leaves<'a>(
    raw: &'a [u8],
    path: &mut JsonPath,
    visit: &mut impl FnMut(&JsonPath, JsonValue<'a>),
) -> Result<(), InvalidJson> {
    let value = value_of(raw)?;
    match value {
        JsonValue::Object(_) if !value.is_empty() => {
            for (key, value) in members(raw)? {
                path.push(Step::Key(String::from_utf8_lossy(&key).into()));
                leaves(value, path, visit)?;
                path.pop();
            }
        }
        JsonValue::List(_) if !value.is_empty() => {
            path.push(Step::Elements);
            for element in elements(raw)? {
                leaves(element, path, visit)?;
            }
            path.pop();
        }
        leaf => visit(path, leaf),
    }
    Ok(())
}

fn value_of(raw: &[u8]) -> Result<JsonValue<'_>, InvalidJson> {
    let mut reader = Reader::new(raw);
    Ok(match reader.peek() {
        b'{' => JsonValue::Object(raw),
        b'[' => JsonValue::List(raw),
        b'"' => JsonValue::Text(reader.string()?),
        b't' | b'f' => JsonValue::Boolean(reader.word()? == b"true"),
        b'n' => reader.word().map(|_| JsonValue::Null)?,
        // Digits, signs and letters: a number is ASCII.
        _ => JsonValue::Number(std::str::from_utf8(reader.number()?.text).unwrap_or_default()),
    })
}

fn elements(raw: &[u8]) -> Result<Vec<&[u8]>, InvalidJson> {
    let mut found = Vec::new();
    Reader::new(raw).list(|reader| {
        found.push(value_text(reader)?);
        Ok(())
    })?;
    Ok(found)
}

/// A key, decoded, and the text of its value.
type Member<'a> = (Cow<'a, [u8]>, &'a [u8]);

/// Keys and values; of duplicate keys the last value, at the place of the first.
fn members(raw: &[u8]) -> Result<Vec<Member<'_>>, InvalidJson> {
    let mut found: Vec<Member<'_>> = Vec::new();
    let mut places: HashMap<Cow<'_, [u8]>, usize> = HashMap::new();
    Reader::new(raw).object(|reader| {
        let key = reader.string()?;
        reader.colon()?;
        let value = value_text(reader)?;
        match places.entry(key.clone()) {
            Entry::Occupied(place) => found[*place.get()].1 = value,
            Entry::Vacant(place) => {
                place.insert(found.len());
                found.push((key, value));
            }
        }
        Ok(())
    })?;
    Ok(found)
}

fn last_value<'a>(raw: &'a [u8], name: &[u8]) -> Result<Option<&'a [u8]>, InvalidJson> {
    let mut found = None;
    Reader::new(raw).object(|reader| {
        let is_it = *reader.string()? == *name;
        reader.colon()?;
        let value = value_text(reader)?;
        if is_it {
            found = Some(value);
        }
        Ok(())
    })?;
    Ok(found)
}

fn value_text<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], InvalidJson> {
    let start = reader.position();
    reader.skip()?;
    Ok(reader.since(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(input: &'a str, path: &str) -> Vec<JsonValue<'a>> {
        let mut found = Vec::new();
        let path = JsonPath::parse(path).unwrap();
        values_at(input.as_bytes(), &path, |value| found.push(value)).unwrap();
        found
    }

    #[test]
    fn values_are_found_by_key_star_and_list() {
        let input =
            r#" {"a": {"x": {"id": 1}, "y": {"id": 2}}, "l": [{"id": "p\n"}, {}, {"id": null}]} "#;
        assert_eq!(at(input, "a.y.id"), [JsonValue::Number("2")]);
        assert_eq!(
            at(input, "a.*.id"),
            [JsonValue::Number("1"), JsonValue::Number("2")]
        );
        assert_eq!(
            at(input, "l[].id"),
            [JsonValue::Text(b"p\n".into()), JsonValue::Null]
        );
        assert_eq!(at(input, "a.x"), [JsonValue::Object(br#"{"id": 1}"#)]);
        assert_eq!(at(input, ""), [JsonValue::Object(input.trim().as_bytes())]);
        assert_eq!(at(input, "l.id"), []);
        assert_eq!(at(input, "a[].id"), []);
        assert_eq!(
            at("[true,-Infinity]", "[]"),
            [JsonValue::Boolean(true), JsonValue::Number("-Infinity")]
        );
    }

    #[test]
    fn the_last_of_duplicate_keys_is_visited() {
        let input = r#"{"a":{"b":1},"a":{"b":2},"\u0061":{"c":3}}"#;
        assert_eq!(at(input, "a.b"), []);
        assert_eq!(at(input, "a.c"), [JsonValue::Number("3")]);
        assert_eq!(at(input, "*.c"), [JsonValue::Number("3")]);
    }

    #[test]
    fn half_of_a_surrogate_pair_is_a_byte_that_no_text_holds() {
        assert_eq!(at(r#""a\ud800b""#, ""), [JsonValue::Text(b"a\xffb".into())]);
        let mut out = Vec::new();
        assert!(crate::encode::text(&mut out, b"a\xffb").invalid_utf8);
        assert_eq!(out, "\"a\u{FFFD}b\"".as_bytes());
    }

    #[test]
    fn every_leaf_is_visited_with_its_path() {
        let input = r#"{"a":[1,{"b":null}],"c":{},"d":{"e.f":[]},"a":[[2]],"g":"x"}"#;
        let mut found = Vec::new();
        for_each_leaf(input.as_bytes(), |path, value| {
            found.push(format!("{path} {value:?}"));
        })
        .unwrap();
        assert_eq!(
            found,
            [
                r#"a[][] Number("2")"#,
                "c Object([123, 125])",
                r#"d."e.f" List([91, 93])"#,
                "g Text([120])",
            ]
        );
    }
}
