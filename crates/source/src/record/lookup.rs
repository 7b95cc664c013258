//! Fields that the export itself looks at: whose thread, which moment, how large.

use std::borrow::Cow;

use jiff::Timestamp;

use super::scalar::{as_text, moment};
use super::{Found, json_values};
use crate::plan::{Encode, EntryPlan, FieldPlan, From};
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
            From::Json(..) => {
                found(field, row).map(|found| Cow::Owned(as_text(found.as_value()).into_owned()))
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
        let field = &self.fields[self.places.created?];
        match &field.from {
            From::Constant(_) => None,
            From::Column(column) => self.created_from(row.value(*column)),
            From::Json(..) => self.created_from(found(field, row)?.as_value()),
        }
    }

    /// When the record was made, from the column's value.
    pub(crate) fn created_from(&self, value: Value<'_>) -> Option<Timestamp> {
        match &self.fields[self.places.created?].encode {
            Encode::Timestamp(unit, zone) => moment(*unit, zone.as_ref(), value),
            _ => None,
        }
    }
}

/// The first value that a field's path finds.
fn found(field: &FieldPlan, row: &Row<'_>) -> Option<Found> {
    let From::Json(column, path) = &field.from else {
        return None;
    };
    let values = json_values(row.value(*column).bytes()?, path).ok()?;
    values
        .into_iter()
        .find(|found| !matches!(found, Found::Null))
}
