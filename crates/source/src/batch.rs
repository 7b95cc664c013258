//! Rows copied out of a database, many at a time, to be looked at on another thread.
//!
//! Promises: a value that is borrowed from a batch is what the database held; a batch is handed over
//! when it is large enough, so that memory does not grow with the rows.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// A text of at most so many bytes stands once, if the row two before has the same in its column.
const SHARED_BYTES: usize = 64;
/// Of so many columns it is known whether a row has what the row two before has. The last bit is never set.
pub(crate) const COMPARED_COLUMNS: usize = 63;

/// A long value, where it was received.
pub(crate) trait Kept: std::fmt::Debug + Send {
    /// The value.
    fn bytes(&self) -> &[u8];
}

/// Rows, copied.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    marks: Vec<Mark>,
    long: Vec<Long>,
    /// No other batch of the process, and not this one when it is filled again, has the same.
    filling: u64,
    /// Where the row before the last inner row starts, and that one.
    last: [Option<usize>; 2],
    /// Bytes of values that stand in it once, for the second time and more.
    shared_bytes: usize,
    /// Whoever reads has another one only when this batch is looked at.
    right: Option<OwnedSemaphorePermit>,
}

/// A long value, and whether it is a blob.
type Long = (Box<dyn Kept>, bool);

#[derive(Debug, Clone, Copy)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    /// From here to there in the bytes.
    Text(usize, usize),
    Blob(usize, usize),
    /// Its place among the long ones.
    Long(usize),
}

/// What begins at a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// The outer value stands in this cell.
    Outer(usize),
    /// The inner row starts here.
    Inner(Start),
    End,
}

/// Where a row starts, and what it has in common with the one two before: question and answer take turns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Its first cell.
    pub(crate) cell: usize,
    /// The first cell of the row two before.
    pub(crate) model: Option<usize>,
    /// The columns that surely hold the same as in that row, as bits.
    pub(crate) same: u64,
}

impl Start {
    fn note_same(&mut self, column: usize) {
        if column < COMPARED_COLUMNS {
            self.same |= 1 << column;
        }
    }
}

impl Default for Batch {
    fn default() -> Batch {
        Batch {
            bytes: Vec::new(),
            cells: Vec::new(),
            marks: Vec::new(),
            long: Vec::new(),
            filling: next_filling(),
            last: [None; 2],
            shared_bytes: 0,
            right: None,
        }
    }
}

fn next_filling() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Batch {
    /// Which filling of which batch this is.
    pub(crate) fn filling(&self) -> u64 {
        self.filling
    }

    /// What stands in it, in order.
    pub(crate) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The next value is an outer one.
    pub(crate) fn begin_outer(&mut self) {
        self.marks.push(Mark::Outer(self.cells.len()));
    }

    /// An inner row starts with the value after the next `in_front`.
    pub(crate) fn begin_row(&mut self, in_front: usize) {
        let (cell, [before, last]) = (self.cells.len() + in_front, self.last);
        self.last = [last, Some(cell)];
        self.marks.push(Mark::Inner(Start {
            cell,
            model: before,
            same: 0,
        }));
    }

    /// All inner rows of the outer one are there.
    pub(crate) fn end_outer(&mut self) {
        self.marks.push(Mark::End);
    }

    /// How many bytes its values have: more than it holds, where some stand once.
    pub(crate) fn size_bytes(&self) -> usize {
        self.bytes.len() + self.shared_bytes
    }

    /// Whether it is of a size that the next one needs too.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        self.bytes.capacity() <= KEEP_BYTES
    }

    /// Its inner rows, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.marks.iter().filter_map(|mark| match mark {
            Mark::Inner(start) => Some(Row::ahead(self, *start)),
            Mark::Outer(_) | Mark::End => None,
        })
    }

    /// Adds a text that `write` appends. Where it stands, for [`Batch::push_again`].
    pub(crate) fn push_text<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Range<usize>, E> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        let end = self.bytes.len();
        self.cells.push(Cell::Text(start, end));
        Ok(start..end)
    }

    /// Adds a text that stands in this filling already.
    pub(crate) fn push_again(&mut self, text: Range<usize>) {
        let is_same = matches!(self.model(), Some(Cell::Text(start, _)) if start == text.start);
        if is_same {
            self.note_same();
        }
        self.shared_bytes += text.len();
        self.cells.push(Cell::Text(text.start, text.end));
    }

    /// The cell of the row two before in the column of the next value.
    fn model(&self) -> Option<Cell> {
        let Some(Mark::Inner(start)) = self.marks.last() else {
            return None;
        };
        let column = self.cells.len().checked_sub(start.cell)?;
        self.cells.get(start.model? + column).copied()
    }

    /// The next value is what the row two before has in its column.
    fn note_same(&mut self) {
        if let Some(Mark::Inner(start)) = self.marks.last_mut() {
            start.note_same(self.cells.len() - start.cell);
        }
    }

    /// A value of the inner row that starts at cell `row`.
    #[inline]
    pub(crate) fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.cells[row + column] {
            Cell::Null => Value::Null,
            Cell::Integer(integer) => Value::Integer(*integer),
            Cell::Real(real) => Value::Real(*real),
            Cell::Text(start, end) => Value::Text(&self.bytes[*start..*end]),
            Cell::Blob(start, end) => Value::Blob(&self.bytes[*start..*end]),
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
        let model = self.model();
        let (cell, is_same) = cell_of(&mut self.bytes, value, model);
        if is_same {
            self.note_same();
            self.shared_bytes += value.bytes().map_or(0, <[u8]>::len);
        }
        self.cells.push(cell);
    }

    /// Adds an inner row.
    pub(crate) fn push_row<'v>(&mut self, columns: usize, value: impl Fn(usize) -> Value<'v>) {
        self.begin_row(0);
        let Some(Mark::Inner(start)) = self.marks.last_mut() else {
            return;
        };
        self.cells.resize(start.cell + columns, Cell::Null);
        let (others, cells) = self.cells.split_at_mut(start.cell);
        let model = start
            .model
            .and_then(|model| others.get(model..model + columns));
        for (column, cell) in cells.iter_mut().enumerate() {
            let (value, model) = (value(column), model.map(|model| model[column]));
            let is_same;
            (*cell, is_same) = cell_of(&mut self.bytes, value, model);
            if is_same {
                start.note_same(column);
                self.shared_bytes += value.bytes().map_or(0, <[u8]>::len);
            }
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || !self.long.is_empty() || self.cells.len() >= BATCH_CELLS
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.marks.clear();
        self.long.clear();
        self.filling = next_filling();
        self.last = [None; 2];
        self.shared_bytes = 0;
        self.right = None;
    }
}

/// A value as a cell whose bytes stand in `bytes`, and whether it surely is that of `model`.
#[inline]
fn cell_of(bytes: &mut Vec<u8>, value: Value<'_>, model: Option<Cell>) -> (Cell, bool) {
    let add = |bytes: &mut Vec<u8>, value: &[u8]| {
        let start = bytes.len();
        bytes.extend_from_slice(value);
        (start, bytes.len())
    };
    match (value, model) {
        (Value::Null, model) => (Cell::Null, matches!(model, Some(Cell::Null))),
        (Value::Integer(integer), model) => {
            let is_same = matches!(model, Some(Cell::Integer(other)) if other == integer);
            (Cell::Integer(integer), is_same)
        }
        (Value::Real(real), model) => {
            let bits = real.to_bits();
            let is_same = matches!(model, Some(Cell::Real(other)) if other.to_bits() == bits);
            (Cell::Real(real), is_same)
        }
        (Value::Text(text), Some(cell @ Cell::Text(start, end)))
            if is_short_and_same(text, &bytes[start..end]) =>
        {
            (cell, true)
        }
        (Value::Text(text), _) => {
            let (start, end) = add(bytes, text);
            (Cell::Text(start, end), false)
        }
        (Value::Blob(blob), _) => {
            let (start, end) = add(bytes, blob);
            (Cell::Blob(start, end), false)
        }
    }
}

/// Ids and times differ at their ends.
fn is_short_and_same(text: &[u8], other: &[u8]) -> bool {
    text.len() == other.len()
        && text.len() <= SHARED_BYTES
        && text.last_chunk::<8>() == other.last_chunk()
        && text == other
}
