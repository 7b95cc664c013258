//! Rows copied out of a database, many at a time, to be looked at on another thread.
//!
//! Promises: a value that is borrowed from a batch is what the database held; a batch is handed over
//! when it is large enough, so that memory does not grow with the rows.

use std::ops::Range;

use tokio::sync::OwnedSemaphorePermit;

use crate::snapshot::Row;
use crate::value::Value;

/// A batch is handed over when it holds so many bytes. Handing over wakes a thread, which on a virtual
/// machine costs as much as encoding several messages: with 256 KiB and three batches ahead an export
/// took 2.31 s instead of 1.95 s, medians of the same rounds.
pub(crate) const BATCH_BYTES: usize = 512 << 10;
/// Or so many values, for rows that are all numbers.
const BATCH_CELLS: usize = 32 << 10;
/// A batch that one huge value has blown up is not kept.
const KEEP_BYTES: usize = 2 * BATCH_BYTES;

/// A value of so many bytes stays where it was received, if it can.
pub(crate) const LONG_BYTES: usize = 1 << 20;

/// A long value, where it was received.
pub(crate) trait Kept: std::fmt::Debug + Send {
    /// The value.
    fn bytes(&self) -> &[u8];
}

/// Rows, copied.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    marks: Vec<Mark>,
    long: Vec<Long>,
    /// Whoever reads has another one only when this batch is looked at.
    right: Option<OwnedSemaphorePermit>,
}

/// A long value, and whether it is a blob.
type Long = (Box<dyn Kept>, bool);

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
    /// Its place among the long ones.
    Long(usize),
}

/// What begins at a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// The outer value stands in this cell.
    Outer(usize),
    /// The inner row starts at this cell.
    Inner(usize),
    End,
}

impl Batch {
    /// What stands in it, in order.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// Notes what begins at the next value.
    pub(crate) fn mark(&mut self, mark: impl FnOnce(usize) -> Mark) {
        self.marks.push(mark(self.cells.len()));
    }

    /// How many bytes of values it holds.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is of a size that the next one needs too.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.bytes.capacity() <= KEEP_BYTES
    }

    /// Its inner rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Inner(cell) => Some(Row::ahead(self, *cell)),
            Mark::Outer(_) | Mark::End => None,
        })
    }

    /// Adds a text that `write` appends.
    pub(crate) fn push_text<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        self.cells.push(Cell::Text(start..self.bytes.len()));
        Ok(())
    }

    /// A value of the inner row that starts at cell `row`.
    #[inline]
    pub(crate) fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.cells[row + column] {
            Cell::Null => Value::Null,
            Cell::Integer(integer) => Value::Integer(*integer),
            Cell::Real(real) => Value::Real(*real),
            Cell::Text(range) => Value::Text(&self.bytes[range.clone()]),
            Cell::Blob(range) => Value::Blob(&self.bytes[range.clone()]),
            Cell::Long(place) => match &self.long[*place] {
                (kept, true) => Value::Blob(kept.bytes()),
                (kept, false) => Value::Text(kept.bytes()),
            },
        }
    }

    /// Adds a long value without copying it.
    pub(crate) fn keep(&mut self, value: Box<dyn Kept>, is_blob: bool) {
        self.cells.push(Cell::Long(self.long.len()));
        self.long.push((value, is_blob));
    }

    /// Gives the right to hold a long value back when this batch goes.
    pub(crate) fn hold(&mut self, right: Option<OwnedSemaphorePermit>) {
        self.right = right;
    }

    pub(crate) fn push(&mut self, value: Value<'_>) {
        let start = self.bytes.len();
        let cell = match value {
            Value::Null => Cell::Null,
            Value::Integer(integer) => Cell::Integer(integer),
            Value::Real(real) => Cell::Real(real),
            Value::Text(text) => {
                self.bytes.extend_from_slice(text);
                Cell::Text(start..self.bytes.len())
            }
            Value::Blob(blob) => {
                self.bytes.extend_from_slice(blob);
                Cell::Blob(start..self.bytes.len())
            }
        };
        self.cells.push(cell);
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || !self.long.is_empty() || self.cells.len() >= BATCH_CELLS
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.marks.clear();
        self.long.clear();
        self.right = None;
    }
}
