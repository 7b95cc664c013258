//! Rows of one entry, summed for each workspace and thread.
//!
//! Summed here and not by SQLite: its `GROUP BY` sorts, and what it sorts holds every column that the
//! sums are made of, so that a look at a page would write the whole account to a temporary file.

use std::collections::HashMap;

use crate::plan::CountPlan;
use crate::record::as_text;
use crate::snapshot::Row;
use crate::value::Value;

/// Rows of one entry in one workspace and thread.
#[derive(Debug, Clone, Default)]
pub struct Group {
    pub place: Place,
    pub own: u64,
    pub others: u64,
    pub bytes: u64,
    pub file_bytes: u64,
}

/// Where rows belong, by the product's own ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Place {
    pub workspace: Option<Vec<u8>>,
    pub thread: Option<Vec<u8>>,
}

/// All of them, in the order of their first rows.
#[derive(Debug, Default)]
pub struct Groups {
    list: Vec<Group>,
    places: HashMap<Place, usize>,
    last: usize,
}

impl Groups {
    /// Counts one row of [`sql`].
    pub fn add(&mut self, row: &Row<'_>) {
        let group = self.at(row.value(0), row.value(1));
        if whole(row.value(2)) == 0 {
            group.others += 1;
            return;
        }
        group.own += 1;
        group.bytes += whole(row.value(3));
        group.file_bytes += whole(row.value(4));
    }

    /// The group of a place. Rows of a thread mostly come together.
    fn at(&mut self, workspace: Value<'_>, thread: Value<'_>) -> &mut Group {
        let is_last = self.list.get(self.last).is_some_and(|group| {
            is(group.place.workspace.as_deref(), workspace)
                && is(group.place.thread.as_deref(), thread)
        });
        if !is_last {
            let place = Place {
                workspace: some_text(workspace),
                thread: some_text(thread),
            };
            let next = self.list.len();
            self.last = *self.places.entry(place.clone()).or_insert(next);
            if self.last == next {
                self.list.push(Group {
                    place,
                    ..Group::default()
                });
            }
        }
        &mut self.list[self.last]
    }
}

impl IntoIterator for Groups {
    type Item = Group;
    type IntoIter = std::vec::IntoIter<Group>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

/// (workspace, thread, whether it is the person's own, bytes, bytes of files) of each row.
pub fn sql(count: &CountPlan) -> String {
    let own = match &count.author {
        Some(author) => format!("({author} IS NULL OR {author} = {})", count.subject),
        None => "true".to_owned(),
    };
    format!(
        "SELECT {}, {}, {own}, CASE WHEN {own} THEN {} END, CASE WHEN {own} THEN {} END {}",
        count.workspace.as_deref().unwrap_or("NULL"),
        count.thread.as_deref().unwrap_or("NULL"),
        count.row_bytes,
        count.size_bytes.as_deref().unwrap_or("0"),
        count.from_where,
    )
}

fn is(known: Option<&[u8]>, value: Value<'_>) -> bool {
    match known {
        None => value.is_null(),
        Some(known) => !value.is_null() && *as_text(value) == *known,
    }
}

/// An id as text; none when there is none.
pub fn some_text(value: Value<'_>) -> Option<Vec<u8>> {
    if value.is_null() {
        None
    } else {
        Some(as_text(value).into_owned())
    }
}

/// A number that cannot be below zero; anything else is zero.
pub fn whole(value: Value<'_>) -> u64 {
    match value {
        Value::Integer(integer) => u64::try_from(integer).unwrap_or(0),
        _ => 0,
    }
}
