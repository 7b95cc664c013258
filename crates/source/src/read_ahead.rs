//! Reads the rows of many small statements on a thread of its own, ahead of whoever writes them: from a file.
//! What a server sends is in `streams.rs`.
//!
//! Reading from SQLite and encoding cost about the same, and an export has two processors. The reader
//! has a snapshot to itself (of the same moment, see `Sqlite::twin_snapshots`), copies values into
//! batches, and waits when six of them are ahead: memory stays constant.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use crate::batch::{Batch, Mark};
use crate::error::SourceError;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

const BATCHES_AHEAD: usize = 6;
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
            for mark in batch.marks() {
                match *mark {
                    Mark::Outer(cell) => visit(Met::Outer(batch.value(cell, 0)))?,
                    Mark::Inner(start) => visit(Met::Inner(&Row::ahead(&batch, start)))?,
                    Mark::End => visit(Met::End)?,
                }
            }
            if batch.is_worth_keeping() {
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
            self.batch.begin_outer();
            self.batch.push(id);
            inner.for_each(&[id], |row| {
                self.batch.push_row(columns, |column| row.value(column));
                if self.batch.is_full() {
                    self.send_or_stop(&nested.purpose)
                } else {
                    Ok(())
                }
            })?;
            self.batch.end_outer();
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
