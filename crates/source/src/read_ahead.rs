//! Reads the rows of many small statements on a thread of its own, ahead of whoever writes them: from a file.
//! What a server sends is in `streams.rs`.
//!
//! Reading from SQLite and encoding cost about the same, and an export has two processors. The reader
//! has a snapshot to itself (of the same moment, see `Sqlite::twin_snapshots`), copies values into
//! batches, and waits when six of them are ahead: memory stays constant.
//!
//! Where there are no more processors than two, both hash what was encoded as well: the reader when it is ahead, whoever
//! writes when too much waits, and either before it would wait for the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::JoinHandle;

use carryall_format::write::Helper;

use crate::batch::{Batch, Mark};
use crate::error::SourceError;
use crate::snapshot::{Row, Snapshot};
use crate::value::Value;

const BATCHES_AHEAD: usize = 6;
/// From so many on the reader has time to hash.
const WELL_AHEAD: usize = BATCHES_AHEAD / 2;

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
    ahead: Arc<AtomicUsize>,
    give_back: SyncSender<Batch>,
    helper: Option<Helper>,
    thread: Option<JoinHandle<Result<Snapshot, SourceError>>>,
}

impl ReadAhead {
    /// Starts to read. `key` is parameter 1 of every outer statement; with `helper` both threads hash what is
    /// written, too.
    pub(crate) fn start(
        snapshot: Snapshot,
        statements: Vec<Nested>,
        key: Value<'_>,
        helper: Option<Helper>,
    ) -> Result<ReadAhead, SourceError> {
        let (full, batches) = sync_channel(BATCHES_AHEAD);
        let (give_back, empty) = sync_channel(BATCHES_AHEAD + 2);
        let ahead = Arc::new(AtomicUsize::new(0));
        let mut held = Batch::default();
        held.push(key);
        let path = snapshot.path().to_owned();
        let snapshot = snapshot.forward()?;
        let mut feed = Feed {
            full,
            ahead: Arc::clone(&ahead),
            empty,
            batch: Batch::default(),
            helper: helper.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("export-reader".to_owned())
            .spawn(move || {
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
            ahead,
            give_back,
            helper,
            thread: Some(thread),
        })
    }

    /// Shows everything that is read to `visit`, in order, until that fails.
    pub(crate) fn for_each<E: From<SourceError>>(
        mut self,
        mut visit: impl FnMut(Met<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let batches = self.batches.take();
        let helper = self.helper.take();
        while let Some(mut batch) = next(batches.as_ref(), helper.as_ref()) {
            self.ahead.fetch_sub(1, Ordering::Relaxed);
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

/// The next batch, when there is one.
fn next(batches: Option<&Receiver<Batch>>, helper: Option<&Helper>) -> Option<Batch> {
    let batches = batches?;
    loop {
        match batches.try_recv() {
            Err(TryRecvError::Empty) if helper.is_some_and(Helper::help) => {}
            Err(TryRecvError::Empty) => return batches.recv().ok(),
            end => return end.ok(),
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
    /// How many batches were handed over and not taken: for a decision only, so that it may be a little late.
    ahead: Arc<AtomicUsize>,
    empty: Receiver<Batch>,
    batch: Batch,
    helper: Option<Helper>,
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
        let mut batch = std::mem::replace(&mut self.batch, next);
        if self.ahead.fetch_add(1, Ordering::Relaxed) >= WELL_AHEAD {
            self.help();
        }
        loop {
            match self.full.try_send(batch) {
                Ok(()) => return true,
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(back)) if self.help() => batch = back,
                Err(TrySendError::Full(back)) => return self.full.send(back).is_ok(),
            }
        }
    }

    fn help(&self) -> bool {
        self.helper.as_ref().is_some_and(Helper::help)
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
