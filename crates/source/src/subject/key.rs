//! The key of a person: a value of the product's, and its text in an export.

use std::fmt;

use crate::value::Value;

/// What the product's `owner` columns hold for a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SubjectKey {
    integer: Option<i64>,
    text: String,
}

impl SubjectKey {
    /// Reads a key column; `None` when it holds neither readable text nor a whole number.
    pub fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Integer(integer) => Some(SubjectKey {
                integer: Some(integer),
                text: integer.to_string(),
            }),
            Value::Text(bytes) => Some(SubjectKey {
                integer: None,
                text: std::str::from_utf8(bytes).ok()?.to_owned(),
            }),
            Value::Null | Value::Real(_) | Value::Blob(_) => None,
        }
    }

    /// To bind it, with the type that the product stores.
    pub fn value(&self) -> Value<'_> {
        self.integer
            .map_or_else(|| Value::from(self.text.as_str()), Value::Integer)
    }

    /// As it stands in an export; a number in decimal.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether a column holds this key.
    pub fn is(&self, value: Value<'_>) -> bool {
        match value {
            Value::Text(bytes) => bytes == self.text.as_bytes(),
            Value::Integer(integer) => match self.integer {
                Some(own) => own == integer,
                None => self.text == integer.to_string(),
            },
            Value::Null | Value::Real(_) | Value::Blob(_) => false,
        }
    }
}

impl fmt::Display for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
