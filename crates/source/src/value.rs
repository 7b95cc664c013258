//! One value of one column, borrowed from the database.
//!
//! Text is bytes: SQLite does not promise UTF-8, and checking it here would read every text a second
//! time. The encoder checks while it escapes.

/// What a column holds in this row. SQLite types values, not columns, so any row may differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Nothing.
    Null,
    /// A whole number; SQLite's booleans too.
    Integer(i64),
    /// A floating-point number; may be infinite, never NaN (SQLite stores that as null).
    Real(f64),
    /// Text, perhaps with NUL inside and perhaps not UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl<'a> Value<'a> {
    /// Whether the column is empty.
    pub fn is_null(self) -> bool {
        matches!(self, Value::Null)
    }

    /// The bytes of text or of a blob.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Value::Text(bytes) | Value::Blob(bytes) => Some(bytes),
            Value::Null | Value::Integer(_) | Value::Real(_) => None,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text.as_bytes())
    }
}

impl From<i64> for Value<'_> {
    fn from(integer: i64) -> Self {
        Value::Integer(integer)
    }
}
