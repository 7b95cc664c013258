//! Holds the small values of a file (header, gaps, summary, last line) against the JSON Schema.
//!
//! Only the words of JSON Schema that our own schema uses are known here, so nothing can be said in the
//! schema that is not checked; a test holds that.

use std::sync::LazyLock;

use serde_json::Value;

use crate::schema::{self, DIGEST, KEY_ID, SIGNATURE, TIMESTAMP, UUID};

/// What is wrong, and in which field.
#[derive(Debug, PartialEq, Eq)]
pub struct Misfit {
    pub field: String,
    pub what: String,
    /// Whether it is a word that a later revision may have.
    pub is_unknown_word: bool,
}

static SCHEMA: LazyLock<Value> = LazyLock::new(schema::schema);

/// What does not fit the schema of a top-level key.
pub fn misfits(key: &str, value: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    fit(&SCHEMA["properties"][key], value, "", &mut found);
    found
}

/// The same for one gap.
pub fn gap_misfits(value: &Value) -> Vec<Misfit> {
    let mut found = Vec::new();
    fit(
        &SCHEMA["properties"]["gaps"]["items"],
        value,
        "",
        &mut found,
    );
    found
}

fn fit(schema: &Value, value: &Value, field: &str, found: &mut Vec<Misfit>) {
    let mut note = |what: String, is_unknown_word: bool| {
        found.push(Misfit {
            field: field.to_owned(),
            what,
            is_unknown_word,
        });
    };

    if let Some(types) = schema.get("type")
        && !has_type(types, value)
    {
        note(format!("{} belongs here", words(types)), false);
        return;
    }
    if let Some(only) = schema.get("const")
        && only != value
    {
        note(format!("{only} belongs here"), false);
    }
    if let Some(Value::Array(all)) = schema.get("enum")
        && !all.contains(value)
    {
        let what = "a word that this revision does not have".to_owned();
        note(what, value.is_string());
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern"), value.as_str())
        && !matches_pattern(pattern.as_str().unwrap_or_default(), text)
    {
        note(
            "it does not have the form that it has in an export".to_owned(),
            false,
        );
    }
    if schema.get("minLength").is_some() && value.as_str() == Some("") {
        note("it is empty".to_owned(), false);
    }
    if schema.get("minimum").is_some() && value.as_u64().is_none() {
        note(
            "a number that is not negative belongs here".to_owned(),
            false,
        );
    }
    if let Value::Object(members) = value {
        fit_members(schema, members, field, found);
    }
    if let (Some(items), Value::Array(all)) = (schema.get("items"), value) {
        for (index, item) in all.iter().enumerate() {
            fit(items, item, &format!("{field}[{index}]"), found);
        }
    }
}

fn fit_members(
    schema: &Value,
    members: &serde_json::Map<String, Value>,
    field: &str,
    found: &mut Vec<Misfit>,
) {
    let path = |name: &str| {
        if field.is_empty() {
            name.to_owned()
        } else {
            format!("{field}.{name}")
        }
    };
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().unwrap_or_default();
        if !members.contains_key(name) {
            found.push(Misfit {
                field: path(name),
                what: "it is not there".to_owned(),
                is_unknown_word: false,
            });
        }
    }
    for (name, value) in members {
        if let Some(schema) = schema.get("properties").and_then(|all| all.get(name)) {
            fit(schema, value, &path(name), found);
        }
    }
}

fn has_type(types: &Value, value: &Value) -> bool {
    let is = |name: &Value| match name.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    };
    match types {
        Value::Array(types) => types.iter().any(is),
        one => is(one),
    }
}

fn words(types: &Value) -> String {
    match types {
        Value::Array(types) => {
            let words: Vec<_> = types.iter().filter_map(Value::as_str).collect();
            words.join(" or ")
        }
        one => one.as_str().unwrap_or_default().to_owned(),
    }
}

fn matches_pattern(pattern: &str, text: &str) -> bool {
    match pattern {
        TIMESTAMP => super::kinds::is_timestamp(text.as_bytes()),
        DIGEST => text.len() == 64 && is_lower_hex(text),
        KEY_ID => text.len() == 16 && is_lower_hex(text),
        SIGNATURE => is_signature(text),
        UUID => {
            let dashes = [8, 13, 18, 23];
            text.len() == 36
                && dashes.iter().all(|at| text.as_bytes()[*at] == b'-')
                && is_lower_hex(&text.replace('-', ""))
        }
        _ => false,
    }
}

fn is_signature(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len() == 88
        && text
            .strip_suffix("==")
            .is_some_and(|digits| digits.bytes().all(is_digit))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every word of JSON Schema in the schemas that are checked here.
    fn words_of(schema: &Value, found: &mut Vec<String>) {
        let Value::Object(members) = schema else {
            return;
        };
        for (name, value) in members {
            found.push(name.clone());
            match name.as_str() {
                "properties" => value
                    .as_object()
                    .unwrap()
                    .values()
                    .for_each(|below| words_of(below, found)),
                "items" => words_of(value, found),
                "pattern" => assert!(
                    [TIMESTAMP, DIGEST, KEY_ID, SIGNATURE, UUID].contains(&value.as_str().unwrap())
                ),
                _ => {}
            }
        }
    }

    #[test]
    fn every_word_that_the_schema_uses_is_checked() {
        let known = [
            "type",
            "const",
            "enum",
            "pattern",
            "minLength",
            "minimum",
            "properties",
            "required",
            "items",
        ];
        for key in ["export", "gaps", "summary", "integrity"] {
            let mut found = Vec::new();
            words_of(&schema::schema()["properties"][key], &mut found);
            assert!(
                found.iter().all(|word| known.contains(&word.as_str())),
                "{key}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named_by_its_field() {
        let integrity =
            serde_json::json!({ "sha256": "AB", "signature": { "algorithm": "rot13" } });
        let found = misfits("integrity", &integrity);
        let fields: Vec<_> = found.iter().map(|misfit| misfit.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "sha256",
                "signature.key_id",
                "signature.value",
                "signature.algorithm"
            ]
        );
    }
}
