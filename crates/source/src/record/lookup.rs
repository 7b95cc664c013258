//! Fields that the export itself looks at: whose thread, which moment, how large.

use std::borrow::Cow;

use carryall_format::json::JsonPath;
use jiff::Timestamp;

use super::scalar::{as_text, moment};
use super::{Found, json_values};
use crate::plan::{Encode, EntryPlan, From};
use crate::snapshot::Row;
use crate::value::Value;

impl EntryPlan {
    /// A field's value as text; `None` when it is null, or not mapped.
    pub(crate) fn text_of<'r>(
        &self,
        place: Option<usize>,
        row: &'r Row<'_>,
    ) -> Option<Cow<'r, [u8]>> {
        let field = &self.fields[place?];
        match &field.from {
            From::Constant(_) => None,
            From::Column(column) => match row.value(*column) {
                Value::Null => None,
                value => Some(as_text(value)),
            },
            From::Json(column, path) => {
                let found = found(path, row.value(*column))?;
                Some(Cow::Owned(as_text(found.as_value()).into_owned()))
            }
        }
    }

    /// The constant that the map gives a field.
    pub(crate) fn constant_of(&self, place: usize) -> Option<&str> {
        match &self.fields[place].from {
            From::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// When the record was made.
    pub(crate) fn created_at(&self, row: &Row<'_>) -> Option<Timestamp> {
        match &self.fields[self.places.created?].from {
            From::Constant(_) => None,
            From::Column(column) | From::Json(column, _) => self.created_from(row.value(*column)),
        }
    }

    /// When the record was made, from the value of the column in which that stands.
    pub(crate) fn created_from(&self, value: Value<'_>) -> Option<Timestamp> {
        let field = &self.fields[self.places.created?];
        let Encode::Timestamp(unit, zone) = &field.encode else {
            return None;
        };
        match &field.from {
            From::Json(_, path) => moment(*unit, zone.as_ref(), found(path, value)?.as_value()),
            _ => moment(*unit, zone.as_ref(), value),
        }
    }
}

/// The first value that a path finds.
fn found(path: &JsonPath, value: Value<'_>) -> Option<Found> {
    let values = json_values(value.bytes()?, path).ok()?;
    values
        .into_iter()
        .find(|found| !matches!(found, Found::Null))
}
