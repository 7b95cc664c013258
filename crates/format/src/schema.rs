//! The JSON Schema (2020-12) of the export file, derived from the table of sections.
//!
//! Records are closed: a field that the format does not name stands under `extra`. The file itself is
//! open, because a later revision may add sections.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::gap::GapCode;
use crate::header::{FORMAT, Ground, VERSION};
use crate::section::{Field, Kind, Section, Shape};
use crate::sign::ALGORITHM;
use crate::write::hex;

pub(crate) const TIMESTAMP: &str =
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}([0-9]{3}([0-9]{3})?)?)?Z$";
pub(crate) const DIGEST: &str = "^[0-9a-f]{64}$";
pub(crate) const KEY_ID: &str = "^[0-9a-f]{16}$";
pub(crate) const SIGNATURE: &str = "^[A-Za-z0-9+/]{86}==$";
pub(crate) const UUID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/// The schema as `carryall schema` prints it, ending in a line feed.
#[must_use]
pub fn text() -> String {
    // A Value always serialises.
    format!("{:#}\n", schema())
}

/// SHA-256 of [`text`], in hex.
#[must_use]
pub fn sha256() -> String {
    hex(&Sha256::digest(text()))
}

/// The schema of the whole file.
#[must_use]
pub fn schema() -> Value {
    let mut properties = Map::new();
    properties.insert("export".to_owned(), export());
    for section in Section::ALL {
        properties.insert(section.name().to_owned(), of_section(section));
    }
    properties.insert("gaps".to_owned(), gaps());
    properties.insert("summary".to_owned(), summary());
    properties.insert("integrity".to_owned(), integrity());
    let required: Vec<_> = properties.keys().cloned().collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:carryall:export:1",
        "title": "Carryall export, version 1",
        "description": "Everything that a product holds on one person. A later revision may add sections and fields; readers ignore what they do not know.",
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

fn of_section(section: Section) -> Value {
    let record = record(section.fields(), section != Section::FileContents);
    match section.shape() {
        // Empty in a slice that says nothing about the account.
        Shape::Object => json!({
            "title": section.title(),
            "anyOf": [record, { "type": "object", "maxProperties": 0 }],
        }),
        Shape::List => json!({ "title": section.title(), "type": "array", "items": record }),
    }
}

fn record(fields: &[Field], has_extra: bool) -> Value {
    let mut properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), property(field)))
        .collect();
    if has_extra {
        let what = "What the product holds beyond the format's fields, by the product's own names.";
        properties.insert(
            "extra".to_owned(),
            json!({ "type": "object", "description": what }),
        );
    }
    let required: Vec<_> = fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(field: &Field) -> Value {
    let mut value = kind(field.kind);
    if let Value::Object(value) = &mut value {
        value.insert("description".to_owned(), Value::from(field.what));
    }
    if field.required {
        value
    } else {
        nullable(value)
    }
}

fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Id | Kind::Person => json!({ "type": "string", "minLength": 1 }),
        Kind::Ref(section) => {
            json!({ "type": "string", "$comment": format!("{}.id", section.name()) })
        }
        Kind::Refs(section) => json!({
            "type": "array",
            "items": { "type": "string", "$comment": format!("{}.id", section.name()) },
        }),
        Kind::Text => json!({ "type": "string" }),
        // Open: another product may have words of its own.
        Kind::OneOf(words) => json!({ "type": "string", "examples": words }),
        Kind::Timestamp => json!({ "type": "string", "pattern": TIMESTAMP }),
        Kind::Date => json!({ "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Kind::Boolean => json!({ "type": "boolean" }),
        // Beyond 2^53 a number is a string (and a gap): RFC 7493 section 2.2.
        Kind::Integer => json!({ "type": ["integer", "string"] }),
        Kind::Number => json!({ "type": ["number", "string"] }),
        Kind::Json => json!({}),
        Kind::Object(fields) => record(fields, true),
        Kind::Objects(fields) => json!({ "type": "array", "items": record(fields, true) }),
    }
}

/// The same, or null.
fn nullable(mut value: Value) -> Value {
    match value.get_mut("type") {
        Some(Value::Array(types)) => types.push(Value::from("null")),
        Some(one) => *one = json!([one, "null"]),
        None => {}
    }
    value
}

fn object(properties: &Value, optional: &[&str]) -> Value {
    let required: Vec<_> = properties
        .as_object()
        .into_iter()
        .flat_map(Map::keys)
        .filter(|key| !optional.contains(&key.as_str()))
        .cloned()
        .collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn grounds() -> Value {
    json!({ "type": "string", "enum": Ground::ALL.map(Ground::name) })
}

fn sections() -> Value {
    json!({ "type": "string", "enum": Section::ALL.map(Section::name) })
}

fn export() -> Value {
    let text = || json!({ "type": "string" });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let perhaps = || json!({ "type": ["string", "null"] });
    let time = || json!({ "type": "string", "pattern": TIMESTAMP });
    let no_time = || json!({ "type": ["string", "null"], "pattern": TIMESTAMP });
    let mut derived = object(
        &json!({ "export_id": text(), "sha256": { "type": "string", "pattern": DIGEST } }),
        &[],
    );
    derived["type"] = json!(["object", "null"]);
    let withheld = object(
        &json!({ "section": sections(), "what": text(), "ground": grounds(), "reason": text() }),
        &[],
    );
    object(
        &json!({
            "format": { "const": FORMAT },
            "version": { "const": VERSION },
            "revision": { "type": "integer", "minimum": 0 },
            "schema": object(&json!({ "sha256": { "type": "string", "pattern": DIGEST }, "location": text() }), &[]),
            "id": { "type": "string", "pattern": UUID },
            "product": text(),
            "subject_id": { "type": "string", "minLength": 1 },
            "created_at": time(),
            "snapshot_at": time(),
            "generator": object(&json!({ "name": text(), "version": text() }), &[]),
            "locale": text(),
            "scope": object(&json!({
                "workspace_id": perhaps(),
                "since": no_time(),
                "until": no_time(),
                "file_contents": { "type": "boolean" },
                "derived_from": derived,
            }), &[]),
            "withheld": { "type": "array", "items": withheld },
            "processing": object(&json!({
                "controller": text(),
                "contact": text(),
                "purposes": texts(),
                "recipients": texts(),
                "retention": perhaps(),
                "rights": perhaps(),
            }), &[]),
        }),
        &[],
    )
}

fn gaps() -> Value {
    let perhaps = || json!({ "type": ["string", "null"] });
    let gap = object(
        &json!({
            "code": { "type": "string", "enum": GapCode::ALL.map(GapCode::name) },
            "section": sections(),
            "id": perhaps(),
            "field": perhaps(),
            "reason": { "type": "string" },
        }),
        &[],
    );
    json!({ "type": "array", "items": gap })
}

fn summary() -> Value {
    let count = || json!({ "type": "integer", "minimum": 0 });
    let line = object(
        &json!({
            "status": { "type": "string", "enum": ["included", "empty", "unavailable", "out_of_scope"] },
            "count": count(),
            "offset": count(),
            "length": count(),
        }),
        &[],
    );
    let lines: Map<String, Value> = Section::ALL
        .into_iter()
        .map(|section| (section.name().to_owned(), line.clone()))
        .collect();
    let left_out = object(
        &json!({ "section": sections(), "ground": grounds(), "what": { "type": "string" }, "count": count() }),
        &[],
    );
    object(
        &json!({
            "sections": object(&Value::Object(lines), &[]),
            "left_out": { "type": "array", "items": left_out },
            "totals": object(&json!({ "records": count(), "file_bytes": count(), "gaps": count() }), &[]),
        }),
        &[],
    )
}

fn integrity() -> Value {
    let mut signature = object(
        &json!({
            "algorithm": { "const": ALGORITHM },
            "key_id": { "type": "string", "pattern": KEY_ID },
            "value": { "type": "string", "pattern": SIGNATURE },
        }),
        &[],
    );
    signature["type"] = json!(["object", "null"]);
    object(
        &json!({ "sha256": { "type": "string", "pattern": DIGEST }, "signature": signature }),
        &[],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_every_section_is_described() {
        let schema = schema();
        for section in Section::ALL {
            let of = &schema["properties"][section.name()];
            let properties = of
                .pointer("/items/properties")
                .or_else(|| of.pointer("/anyOf/0/properties"));
            for field in section.fields() {
                let described = properties.and_then(|all| all.get(field.name)).is_some();
                assert!(described, "{}.{}", section.name(), field.name);
            }
        }
    }

    #[test]
    fn the_digest_is_of_the_printed_text() {
        assert_eq!(sha256(), hex(&Sha256::digest(text().as_bytes())));
        assert!(text().ends_with("}\n"));
    }
}
