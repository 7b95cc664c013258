//! Fields of a record, as other programs want them, borrowed from the file.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A value as it is spelled in the file, without space around its parts.
pub type Raw<'a> = &'a RawValue;

/// A record: its fields in order, each value as it is spelled in the file.
#[derive(Debug, Clone, Default)]
pub struct Record<'a>(Vec<(Cow<'a, str>, Raw<'a>)>);

impl<'a> Record<'a> {
    /// Reads an object.
    pub fn read(text: &'a [u8]) -> serde_json::Result<Record<'a>> {
        let text = simdutf8::basic::from_utf8(text).map_err(serde::de::Error::custom)?;
        serde_json::from_str(text)
    }

    /// How a field's value is spelled.
    pub fn raw(&self, field: &str) -> Option<Raw<'a>> {
        let found = self.0.iter().find(|(name, _)| name == field);
        found.map(|(_, value)| *value)
    }

    /// How a value that is not null is spelled.
    pub fn given(&self, field: &str) -> Option<Raw<'a>> {
        self.raw(field).filter(|value| value.get() != "null")
    }

    /// Each field with its value, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, Raw<'a>)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}

impl<'a, 'de: 'a> Deserialize<'de> for Record<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Record<'de>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a record")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<'de>, A::Error> {
                let mut fields = Vec::with_capacity(24);
                while let Some((Key(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Record(fields))
            }
        }

        from.deserialize_map(Fields)
    }
}

/// A key, borrowed where it has no escape.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a value says, if it is a text.
pub fn string(value: Raw<'_>) -> Option<Cow<'_, str>> {
    let text = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Some(Cow::Borrowed(text));
    }
    let unescaped = unescaped(text).or_else(|| serde_json::from_str(value.get()).ok());
    unescaped.map(Cow::Owned)
}

/// A text without its escapes, if none is of a character beyond the first 65,536 or of half of one. Runs between escapes are
/// long: each is found and copied as a whole.
fn unescaped(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let mut length = 2;
        out.push(match *rest.as_bytes().get(at + 1)? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            letter @ (b'"' | b'\\' | b'/') => char::from(letter),
            b'u' => {
                length = 6;
                let digits = rest.get(at + 2..at + 6)?;
                char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
            }
            _ => return None,
        });
        rest = &rest[at + length..];
    }
    out.push_str(rest);
    Some(out)
}

/// A text.
pub fn text<'a>(record: &Record<'a>, field: &str) -> Option<Cow<'a, str>> {
    string(record.raw(field)?)
}

/// A text, or nothing at all.
pub fn text_or_empty<'a>(record: &Record<'a>, field: &str) -> Cow<'a, str> {
    text(record, field).unwrap_or_default()
}

/// How a text is spelled; an empty one where there is none.
pub fn spelled<'a>(record: &Record<'a>, field: &str) -> Raw<'a> {
    match record
        .raw(field)
        .filter(|value| value.get().starts_with('"'))
    {
        Some(text) => text,
        None => serde_json::from_str("\"\"").expect("two quotes are JSON"),
    }
}

/// Whether a field is there and true.
pub fn is_true(record: &Record<'_>, field: &str) -> bool {
    record.raw(field).is_some_and(|value| value.get() == "true")
}

/// A whole number.
pub fn number(record: &Record<'_>, field: &str) -> Option<u64> {
    record.raw(field)?.get().parse().ok()
}

/// The ids in a list.
pub fn ids(record: &Record<'_>, field: &str) -> Vec<String> {
    match record.raw(field).map(RawValue::get) {
        None | Some("[]" | "null") => Vec::new(),
        Some(list) => serde_json::from_str(list).unwrap_or_default(),
    }
}

/// Who wrote a message, as a person reads it.
pub fn who<'a>(record: &Record<'a>) -> Cow<'a, str> {
    let role = text(record, "role");
    match role.as_deref() {
        Some("user") => "You".into(),
        Some("assistant") => "Assistant".into(),
        Some("system") => "System".into(),
        Some("tool") => "Tool".into(),
        Some(_) => role.unwrap_or_default(),
        None => "Unknown".into(),
    }
}

/// A time as a person reads it, to the second.
pub fn time(record: &Record<'_>, field: &str) -> Option<String> {
    let time = text(record, field)?;
    let seconds = time.split(['.', 'Z']).next().unwrap_or_default();
    let zone = if time.ends_with('Z') { " UTC" } else { "" };
    Some(format!("{}{zone}", seconds.replace('T', " ")))
}

/// A time in seconds since 1970, whole or not.
#[expect(
    clippy::cast_precision_loss,
    reason = "microseconds since 1970 are below 2^53 until the year 2255"
)]
pub fn seconds(record: &Record<'_>, field: &str) -> Option<f64> {
    let time: Timestamp = text(record, field)?.parse().ok()?;
    Some(time.as_microsecond() as f64 / 1e6)
}

/// A time in whole seconds since 1970.
pub fn whole_seconds(record: &Record<'_>, field: &str) -> Option<i64> {
    let time: Timestamp = text(record, field)?.parse().ok()?;
    Some(time.as_second())
}

/// Whether a value says anything.
pub fn is_something(value: Raw<'_>) -> bool {
    !matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_says_what_its_spelling_says(text in any::<String>(), escapes in "(\\\\([nrtbf/\"\\\\]|u00[01e][0-9a-f]|uD83C\\\\uDF89)|[a-zé漢]{0,9}){0,20}") {
            let plain = serde_json::to_string(&text).unwrap();
            for spelled in [plain, format!("\"{escapes}\"")] {
                let expected: String = serde_json::from_str(&spelled).unwrap();
                let value: Raw<'_> = serde_json::from_str(&spelled).unwrap();
                prop_assert_eq!(string(value).unwrap(), expected);
            }
        }
    }

    #[test]
    fn fields_are_borrowed_as_they_are_spelled() {
        let line = br#"{"id":"a","content":"one\n\"two\"","n":1.0,"list":["x","y"],"none":null,"k\u00e9y":true}"#;
        let record = Record::read(line).unwrap();
        assert_eq!(text(&record, "content").unwrap(), "one\n\"two\"");
        assert!(matches!(text(&record, "id"), Some(Cow::Borrowed("a"))));
        assert_eq!(record.raw("n").unwrap().get(), "1.0");
        assert_eq!(ids(&record, "list"), ["x", "y"]);
        assert!(record.given("none").is_none() && is_true(&record, "kéy"));
        assert_eq!(record.iter().len(), 6);
    }

    #[test]
    fn nulls_and_what_is_empty_say_nothing() {
        let record = Record::read(br#"{"a":null,"b":"","c":[],"d":{},"e":0,"f":false}"#).unwrap();
        let said: Vec<_> = record
            .iter()
            .filter(|(_, value)| is_something(value))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(said, ["e", "f"]);
    }
}
