//! What `carryall import` needs to be told beyond what an export says: values of columns that never left.

use serde::Deserialize;
use toml::Value;

/// Whether the product can be imported into at all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// Why it cannot; absent where it can.
    pub refused: Option<String>,
}

/// One column of an imported row: exactly one of these.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnImport {
    /// Always this.
    pub value: Option<Value>,
    /// Always null.
    pub null: Option<bool>,
    /// This where the file has nothing.
    pub absent: Option<Value>,
    /// The moment of the export where the file has no time.
    pub absent_time: Option<bool>,
    /// A key of the file store: this, a UUID, and the ending of the file's name.
    pub file_key: Option<String>,
    /// A UUID of its own.
    pub new_id: Option<bool>,
}

impl OnImport {
    /// How many of the forms are given.
    pub(crate) fn forms(&self) -> usize {
        [
            self.value.is_some(),
            self.null == Some(true),
            self.absent.is_some(),
            self.absent_time == Some(true),
            self.file_key.is_some(),
            self.new_id == Some(true),
        ]
        .into_iter()
        .filter(|given| *given)
        .count()
    }
}
