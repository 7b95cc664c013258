//! Reads the rows of many small statements on a thread of its own, ahead of whoever writes them.
//!
//! Reading from SQLite and encoding cost about the same, and an export has two processors. The reader
//! has a snapshot to itself (of the same moment, see `Sqlite::twin_snapshots`), copies values into
//! batches, and waits when six of them are ahead: memory stays constant.

use std::ops::Range;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::error::SourceError;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

/// A batch is handed over when it holds so many bytes. Handing over wakes a thread, which on a virtual
/// machine costs as much as encoding several messages: with 256 KiB and three batches ahead an export
/// took 2.31 s instead of 1.95 s, medians of the same rounds.
const BATCH_BYTES: usize = 512 << 10;
/// Or so many values, for rows that are all numbers.
const BATCH_CELLS: usize = 32 << 10;
const BATCHES_AHEAD: usize = 6;
/// A batch that one huge value has blown up is not kept.
const KEEP_BYTES: usize = 2 * BATCH_BYTES;

/// One outer statement, and one that is run for each of its rows with the row's first column.
#[derive(Debug, Clone)]
pub(crate) struct Nested {
    /// What is read, for errors.
    pub(crate) purpose: String,
    /// The outer SELECT. Parameter 1 is `key`.
    pub(crate) outer: String,
    /// The inner SELECT. Parameter 1 is the outer row's first column.
    pub(crate) inner: String,
}

/// What a reader meets.
pub(crate) enum Met<'b> {
    /// A row of the outer statement.
    Outer(Value<'b>),
    /// A row of the inner one.
    Inner(&'b Row<'b>),
    /// The inner rows of the last outer row are all there.
    End,
}

/// Rows, copied.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    marks: Vec<Mark>,
}

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

#[derive(Debug, Clone, Copy)]
enum Mark {
    /// The outer value stands in this cell.
    Outer(usize),
    /// The inner row starts at this cell.
    Inner(usize),
    End,
}

impl Batch {
    /// A value of the inner row that starts at cell `row`.
    #[inline]
    pub(crate) fn value(&self, row: usize, column: usize) -> Value<'_> {
        match &self.cells[row + column] {
            Cell::Null => Value::Null,
            Cell::Integer(integer) => Value::Integer(*integer),
            Cell::Real(real) => Value::Real(*real),
            Cell::Text(range) => Value::Text(&self.bytes[range.clone()]),
            Cell::Blob(range) => Value::Blob(&self.bytes[range.clone()]),
        }
    }

    fn push(&mut self, value: Value<'_>) {
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

    fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.cells.len() >= BATCH_CELLS
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.cells.clear();
        self.marks.clear();
    }
}

/// The reading end.
pub(crate) struct ReadAhead {
    batches: Option<Receiver<Batch>>,
    give_back: SyncSender<Batch>,
    thread: Option<JoinHandle<Result<Snapshot, SourceError>>>,
}

impl ReadAhead {
    /// Starts to read. `key` is parameter 1 of every outer statement.
    pub(crate) fn start(
        snapshot: Snapshot,
        statements: Vec<Nested>,
        key: Value<'_>,
    ) -> Result<ReadAhead, SourceError> {
        let (full, batches) = sync_channel(BATCHES_AHEAD);
        let (give_back, empty) = sync_channel(BATCHES_AHEAD + 2);
        let mut held = Batch::default();
        held.push(key);
        let path = snapshot.path().to_owned();
        let snapshot = snapshot.forward()?;
        let thread = std::thread::Builder::new()
            .name("export-reader".to_owned())
            .spawn(move || {
                let mut feed = Feed {
                    full,
                    empty,
                    batch: Batch::default(),
                };
                for nested in &statements {
                    feed.read(&snapshot, nested, held.value(0, 0))?;
                }
                feed.send();
                Ok(snapshot)
            })
            .map_err(|error| SourceError::Io {
                purpose: "start a thread to read with".to_owned(),
                path,
                detail: error.to_string(),
            })?;
        Ok(ReadAhead {
            batches: Some(batches),
            give_back,
            thread: Some(thread),
        })
    }

    /// Shows everything that is read to `visit`, in order, until that fails.
    pub(crate) fn for_each<E: From<SourceError>>(
        mut self,
        mut visit: impl FnMut(Met<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let batches = self.batches.take();
        for mut batch in batches.iter().flatten() {
            for mark in &batch.marks {
                match *mark {
                    Mark::Outer(cell) => visit(Met::Outer(batch.value(cell, 0)))?,
                    Mark::Inner(cell) => visit(Met::Inner(&Row::ahead(&batch, cell)))?,
                    Mark::End => visit(Met::End)?,
                }
            }
            if batch.bytes.capacity() <= KEEP_BYTES {
                batch.clear();
                // Nobody waits for it any more when everything is read.
                let _ = self.give_back.try_send(batch);
            }
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(read)) => Ok(read.map(drop)?),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for ReadAhead {
    /// An abandoned reader notices when it wants to hand its next batch over.
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // Why the export was abandoned is already on its way up.
            let _ = thread.join();
        }
    }
}

/// The writing end.
struct Feed {
    full: SyncSender<Batch>,
    empty: Receiver<Batch>,
    batch: Batch,
}

impl Feed {
    fn read(
        &mut self,
        snapshot: &Snapshot,
        nested: &Nested,
        key: Value<'_>,
    ) -> Result<(), SourceError> {
        let mut outer = snapshot.prepare_for(&nested.purpose, &nested.outer)?;
        let mut inner = snapshot.prepare_for(&nested.purpose, &nested.inner)?;
        let columns = inner.column_names().len();
        outer.for_each(&[key], |row| {
            let id = row.value(0);
            self.batch.marks.push(Mark::Outer(self.batch.cells.len()));
            self.batch.push(id);
            inner.for_each(&[id], |row| {
                self.batch.marks.push(Mark::Inner(self.batch.cells.len()));
                for column in 0..columns {
                    self.batch.push(row.value(column));
                }
                if self.batch.is_full() {
                    self.send_or_stop(&nested.purpose)
                } else {
                    Ok(())
                }
            })?;
            self.batch.marks.push(Mark::End);
            if self.batch.is_full() {
                self.send_or_stop(&nested.purpose)
            } else {
                Ok(())
            }
        })
    }

    /// Hands the batch over; false when nobody takes it any more.
    fn send(&mut self) -> bool {
        let next = self.empty.try_recv().unwrap_or_default();
        self.full
            .send(std::mem::replace(&mut self.batch, next))
            .is_ok()
    }

    fn send_or_stop(&mut self, purpose: &str) -> Result<(), SourceError> {
        if self.send() {
            Ok(())
        } else {
            Err(SourceError::Interrupted {
                purpose: purpose.to_owned(),
            })
        }
    }
}
