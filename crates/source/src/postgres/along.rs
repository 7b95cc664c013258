//! Rows on their way from a connection's thread, in batches.
//!
//! Promises: a batch is handed over when it is full; of the values that are larger than one, one at a time is held.

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::copying::{Fields, Found};
use super::decode::{Decode, Raw, Undecodable};
use super::failure::Failure;
use super::kept::{keep_copied, keep_held};
use super::session::{Flow, Prepared};
use crate::batch::Batch;

/// Columns in front of a streamed row: its place among the outer rows, and the outer value.
const OUTER_COLUMNS: usize = 2;

/// Rows on their way. Those of one outer row stand together; its place and value are their first columns.
pub(super) struct Along<'f> {
    flow: &'f mut Flow,
    prepared: &'f Prepared,
    batch: Batch,
    /// For each column.
    spelled: Vec<Spelled>,
    /// The place of the outer row, as it was sent.
    at: Option<[u8; 8]>,
    /// One batch at a time has long values: they wait for whoever looks at it, and not in memory for each other.
    long: Arc<Semaphore>,
    right: Option<OwnedSemaphorePermit>,
}

impl<'f> Along<'f> {
    pub(super) fn new(prepared: &'f Prepared, flow: &'f mut Flow) -> Along<'f> {
        Along {
            flow,
            prepared,
            batch: Batch::default(),
            spelled: vec![Spelled::default(); prepared.decodes.len()],
            at: None,
            long: Arc::new(Semaphore::new(1)),
            right: None,
        }
    }

    pub(super) fn push<'v>(
        &mut self,
        value: impl Fn(usize) -> Option<&'v [u8]>,
    ) -> Result<(), Failure> {
        self.begin(value(0).unwrap_or_default());
        for (column, spelled) in self.spelled.iter_mut().enumerate() {
            let decode = &self.prepared.decodes[column];
            match value(column) {
                Some(raw) if decode.is_worth_remembering() => spelled
                    .push(&mut self.batch, decode, raw)
                    .map_err(|Undecodable| undecodable(self.prepared, column))?,
                raw => push_value(&mut self.batch, self.prepared, column, raw)?,
            }
        }
        Ok(())
    }

    /// Takes a row that was copied.
    pub(super) fn take(&mut self, row: Found<'_>) -> Result<(), Failure> {
        let (bytes, fields) = match row {
            Found::Sent(row) => return self.push(|column| row.value(column)),
            Found::Long(bytes, fields) => (Arc::new(bytes), fields),
        };
        let place = fields.first().cloned().flatten().unwrap_or_default();
        self.begin(&bytes[place]);
        push_long(&mut self.batch, self.prepared, &bytes, fields)?;
        self.batch.hold(self.right.take());
        Ok(())
    }

    /// Before the rest of a long value is read.
    pub(super) async fn wait_for_room(&mut self) -> Result<(), Failure> {
        if self.right.is_none() {
            self.send().await?;
            let right = Arc::clone(&self.long).acquire_owned().await;
            // Nobody closes it.
            self.right = right.ok();
        }
        Ok(())
    }

    /// Notes where a row begins, and the outer row, when it is another one.
    fn begin(&mut self, place: &[u8]) {
        if self.at.as_ref().is_none_or(|at| at != place) {
            if self.at.is_some() {
                self.batch.end_outer();
            }
            self.batch.begin_outer();
            self.at = place.try_into().ok();
        }
        self.batch.begin_row(OUTER_COLUMNS);
    }

    /// Sends the batch when it is full.
    pub(super) async fn hand_over(&mut self) -> Result<(), Failure> {
        if self.batch.is_full() {
            self.send().await
        } else {
            Ok(())
        }
    }

    async fn send(&mut self) -> Result<(), Failure> {
        let next = self.flow.empty.try_recv().unwrap_or_default();
        let full = std::mem::replace(&mut self.batch, next);
        self.flow
            .full
            .send(full)
            .await
            .map_err(|_| Failure::Unwanted)
    }

    pub(super) async fn finish(mut self) -> Result<(), Failure> {
        if self.at.is_some() {
            self.batch.end_outer();
        }
        let last = self.flow.full.send(self.batch).await;
        last.map_err(|_| Failure::Unwanted)
    }
}

/// The last two values of a column that were spelled out: question and answer take turns.
#[derive(Debug, Default, Clone)]
struct Spelled([Known; 2]);

#[derive(Debug, Default, Clone)]
struct Known {
    /// As it was sent.
    raw: [u8; 16],
    length: usize,
    /// Where it stands, in which filling of the batch: 0 for none.
    filling: u64,
    text: Range<usize>,
}

impl Spelled {
    fn push(&mut self, batch: &mut Batch, decode: &Decode, raw: &[u8]) -> Result<(), Undecodable> {
        let filling = batch.filling();
        let is_known =
            |known: &&Known| known.filling == filling && known.raw.get(..known.length) == Some(raw);
        if let Some(known) = self.0.iter().find(is_known) {
            batch.push_again(known.text.clone());
            return Ok(());
        }
        let text = batch.push_text(|out| decode.write(out, raw))?;
        self.0.swap(0, 1);
        let known = &mut self.0[0];
        if let Some(room) = known.raw.get_mut(..raw.len()) {
            room.copy_from_slice(raw);
            (known.length, known.filling, known.text) = (raw.len(), filling, text);
        }
        Ok(())
    }
}

fn push<'v>(
    batch: &mut Batch,
    prepared: &Prepared,
    value: impl Fn(usize) -> Option<&'v [u8]>,
) -> Result<(), Failure> {
    (0..prepared.decodes.len())
        .try_for_each(|column| push_value(batch, prepared, column, value(column)))
}

/// A row past the driver.
pub(super) fn push_found(
    batch: &mut Batch,
    prepared: &Prepared,
    row: Found<'_>,
) -> Result<(), Failure> {
    match row {
        Found::Sent(row) => push(batch, prepared, |column| row.value(column)),
        Found::Long(bytes, fields) => push_long(batch, prepared, &Arc::new(bytes), fields),
    }
}

/// A long row, whose long values stay in it.
fn push_long(
    batch: &mut Batch,
    prepared: &Prepared,
    bytes: &Arc<Vec<u8>>,
    fields: &Fields,
) -> Result<(), Failure> {
    for (column, decode) in prepared.decodes.iter().enumerate() {
        let value = fields.get(column).cloned().flatten();
        let is_kept = value
            .as_ref()
            .is_some_and(|value| keep_copied(batch, decode, bytes, value));
        if !is_kept {
            let raw = value.map(|value| &bytes[value]);
            push_value(batch, prepared, column, raw)?;
        }
    }
    Ok(())
}

/// A row of the driver's, which stays with a long value.
pub(super) fn push_row(
    batch: &mut Batch,
    prepared: &Prepared,
    row: tokio_postgres::Row,
) -> Result<(), Failure> {
    let row = Arc::new(row);
    for (column, decode) in prepared.decodes.iter().enumerate() {
        if !keep_held(batch, decode, &row, column) {
            push_value(batch, prepared, column, row.get::<_, Raw<'_>>(column).0)?;
        }
    }
    Ok(())
}

#[inline]
fn push_value(
    batch: &mut Batch,
    prepared: &Prepared,
    column: usize,
    raw: Option<&[u8]>,
) -> Result<(), Failure> {
    let pushed = prepared.decodes[column].push(batch, raw);
    pushed.map_err(|Undecodable| undecodable(prepared, column))
}

fn undecodable(prepared: &Prepared, column: usize) -> Failure {
    let column = &prepared.statement.columns()[column];
    Failure::Undecodable(column.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    const UUIDS: [[u8; 16]; 3] = [[0; 16], [0x11; 16], [0xfe; 16]];

    /// Where the text of each value stands, that of `UUIDS` at each of these places; the batch is emptied where none is.
    fn spelled(numbers: &[Option<usize>]) -> Vec<*const u8> {
        let (mut spelled, mut batch) = (Spelled::default(), Batch::default());
        let (mut cells, mut texts) = (0, Vec::new());
        for number in numbers {
            let Some(number) = number else {
                batch.clear();
                cells = 0;
                continue;
            };
            batch.begin_row(0);
            let raw = &UUIDS[*number];
            spelled.push(&mut batch, &Decode::Uuid, raw).unwrap();
            let mut expected = Vec::new();
            Decode::Uuid.write(&mut expected, raw).unwrap();
            let Value::Text(text) = batch.value(cells, 0) else {
                panic!("an id is a text");
            };
            assert_eq!(text, expected, "{numbers:?}");
            texts.push(text.as_ptr());
            cells += 1;
        }
        texts
    }

    #[test]
    fn what_takes_turns_stands_once_and_what_a_batch_before_had_is_spelled_again() {
        // Room for all of them is there after the first.
        let whole = |numbers: &[usize]| {
            let once = [0, 1, 2, 0, 1, 2].map(Some);
            let numbers = numbers.iter().copied().map(Some);
            let all: Vec<_> = once.into_iter().chain([None]).chain(numbers).collect();
            spelled(&all).split_off(once.len())
        };
        let texts = whole(&[0, 1, 0, 1, 0]);
        assert_eq!(texts[2..], [texts[0], texts[1], texts[0]]);
        assert_ne!(texts[0], texts[1]);
        // A third takes the place of the one that was spelled longest ago.
        let texts = whole(&[0, 1, 2, 0]);
        assert_ne!(texts[3], texts[0]);
        let texts = whole(&[0, 1, 2, 1]);
        assert_eq!(texts[3], texts[1]);
        spelled(&[Some(1), Some(2), None, Some(1), None, Some(2), Some(1)]);
    }

    #[test]
    fn a_value_of_another_length_than_its_type_has_is_refused() {
        let (mut spelled, mut batch) = (Spelled::default(), Batch::default());
        for raw in [&[][..], &[7; 15], &[7; 17], &[7; 400]] {
            batch.begin_row(0);
            assert!(spelled.push(&mut batch, &Decode::Uuid, raw).is_err());
        }
    }
}
