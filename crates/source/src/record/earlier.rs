//! What a record has in common with the one two before it is copied, and not encoded again.
//!
//! Promises: what is copied is what encoding would have written. It comes from a record without an issue, whose row
//! stands in the same batch and whose bytes are still in the buffer, and only where what is written depends on the
//! columns that hold the same.
//!
//! In a conversation question and answer take turns: of the 23 fields of a message some 16 hold what they held two
//! messages before.

use super::{Issue, Surroundings, encode_member};
use crate::plan::FieldPlan;
use crate::snapshot::Row;

/// A record in the buffer.
#[derive(Debug, Default)]
struct Written {
    /// Which filling of which batch its row stands in, and the row's first cell; none when nothing may be copied.
    row: Option<(u64, usize)>,
    /// What had left the buffer before it.
    sent_bytes: u64,
    /// Where each member starts, with key and comma, and behind the last of each list where that ends.
    places: Vec<usize>,
}

/// The record that is written, and the two before it, in turn.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    records: [Written; 3],
    now: usize,
    /// The columns that hold what they held two before, as bits; none when nothing may be copied.
    same: Option<u64>,
}

impl Earlier {
    /// Begins a record.
    pub(crate) fn begin<S: Surroundings>(&mut self, row: &Row<'_>, around: &S) {
        self.now = (self.now + 1) % 3;
        let place = row.in_batch();
        let now = &mut self.records[self.now];
        now.row = place.map(|(filling, start)| (filling, start.cell));
        now.sent_bytes = around.sent_bytes();
        now.places.clear();
        self.same = place.and_then(|(filling, start)| {
            let model = (filling, start.model?);
            (self.model().row == Some(model)).then_some(start.same)
        });
    }

    /// The record two before.
    fn model(&self) -> &Written {
        &self.records[(self.now + 1) % 3]
    }

    /// Ends it: nothing is copied from a record with an issue, or of which a part has left the buffer.
    pub(crate) fn end<S: Surroundings>(&mut self, around: &S, issues: &[Issue]) {
        let now = &mut self.records[self.now];
        if !issues.is_empty() || around.sent_bytes() != now.sent_bytes {
            now.row = None;
        }
    }

    /// Whether these columns hold what they held in the record two before, which had no issue.
    pub(crate) fn has_same(&self, columns: u64) -> bool {
        self.same.is_some_and(|same| columns & !same == 0)
    }

    /// Appends fields to `out`, as [`super::encode_fields`] does. `depends` has the columns of each.
    pub(crate) fn encode_fields<S: Surroundings>(
        &mut self,
        out: &mut Vec<u8>,
        (fields, depends): (&[FieldPlan], &[u64]),
        row: &Row<'_>,
        around: &mut S,
        issues: &mut Vec<Issue>,
    ) -> Result<(), S::Error> {
        let mut next = 0;
        while let Some(field) = fields.get(next) {
            let is_same = |columns: &&u64| self.has_same(**columns);
            let count = depends[next..].iter().take_while(is_same).count();
            // A long value before it may have taken the buffer along.
            if count > 0 && around.sent_bytes() == self.model().sent_bytes {
                self.copy(out, count);
                next += count;
            } else {
                self.records[self.now].places.push(out.len());
                encode_member(out, field, row, around, issues)?;
                next += 1;
            }
        }
        self.records[self.now].places.push(out.len());
        Ok(())
    }

    /// Copies the next members of the record two before: one statement's records have the same members.
    fn copy(&mut self, out: &mut Vec<u8>, count: usize) {
        let (model, now) = ((self.now + 1) % 3, self.now);
        if let Ok([model, now]) = self.records.get_disjoint_mut([model, now]) {
            let first = now.places.len();
            let places = &model.places[first..=first + count];
            let (from, end, to) = (places[0], places[count], out.len());
            out.extend_from_within(from..end);
            let moved = |place: &usize| place - from + to;
            now.places.extend(places[..count].iter().map(moved));
        }
    }
}

#[cfg(test)]
mod tests;
