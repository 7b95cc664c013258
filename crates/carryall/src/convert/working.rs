//! Conversations, written on as many threads as there are processors, and put together in order.
//!
//! Promises: what comes out is the same however many threads there are. Memory is bounded by the largest
//! conversation, and by a few mebibytes for those that wait.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Scope, ScopedJoinHandle, available_parallelism};

use anyhow::anyhow;

use super::conversation::{Converse, Gathered};
use super::{Index, Losses, Target};

/// More would wait for the one thread that reads the file.
const MOST_WORKERS: usize = 4;
/// Conversations that were given to the workers and not yet taken back.
const MOST_WAITING: usize = 32;
/// Bytes of them in the export; what they become may be a few times as much.
const MOST_WAITING_BYTES: usize = 2 << 20;
/// Room that a large conversation has taken is not kept.
const KEEP_BYTES: usize = 1 << 20;

/// A conversation, and what becomes of it.
#[derive(Default)]
struct Sheet {
    talk: Gathered,
    out: Vec<u8>,
}

type Written = anyhow::Result<Sheet>;

struct Job {
    sheet: Sheet,
    done: Sender<Written>,
}

/// Threads that write conversations.
pub struct Workers<'scope> {
    jobs: Sender<Job>,
    threads: Vec<ScopedJoinHandle<'scope, Losses>>,
    /// In order, with their size in the export.
    waiting: VecDeque<(Receiver<Written>, usize)>,
    waiting_bytes: usize,
    /// Room that is used again.
    spare: Vec<Sheet>,
}

impl<'scope> Workers<'scope> {
    /// Starts them.
    pub fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        writer: &'env dyn Converse,
        index: &'env Index,
    ) -> Workers<'scope> {
        let (jobs, to_do) = channel();
        let to_do = Arc::new(Mutex::new(to_do));
        let count = available_parallelism().map_or(1, |count| count.get().min(MOST_WORKERS));
        let threads = (0..count).map(|_| {
            let to_do = to_do.clone();
            scope.spawn(move || work(&to_do, writer, index))
        });
        Workers {
            jobs,
            threads: threads.collect(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            spare: Vec::new(),
        }
    }

    /// Room for a conversation.
    pub fn room(&mut self) -> Gathered {
        let sheet = self.spare.last_mut();
        sheet.map_or_else(Gathered::default, |sheet| std::mem::take(&mut sheet.talk))
    }

    /// Has a conversation written, and hands to the target what others became.
    pub fn write(&mut self, talk: Gathered, target: &mut dyn Target) -> anyhow::Result<()> {
        let size_bytes = talk.size_bytes();
        while self.waiting.len() >= MOST_WAITING
            || (self.waiting_bytes + size_bytes > MOST_WAITING_BYTES && !self.waiting.is_empty())
        {
            self.take_the_next(target)?;
        }
        let (done, written) = channel();
        let out = self.spare.pop().unwrap_or_default().out;
        let sheet = Sheet { talk, out };
        self.jobs.send(Job { sheet, done }).map_err(|_| gone())?;
        self.waiting.push_back((written, size_bytes));
        self.waiting_bytes += size_bytes;
        Ok(())
    }

    fn take_the_next(&mut self, target: &mut dyn Target) -> anyhow::Result<()> {
        let Some((written, size_bytes)) = self.waiting.pop_front() else {
            return Ok(());
        };
        let mut sheet = written.recv().map_err(|_| gone())??;
        self.waiting_bytes -= size_bytes;
        target.put(&sheet.out)?;
        sheet.out.clear();
        if size_bytes <= KEEP_BYTES {
            self.spare.push(sheet);
        }
        Ok(())
    }

    /// Waits for all of them. Returns what had no place.
    pub fn finish(mut self, target: &mut dyn Target) -> anyhow::Result<Losses> {
        while !self.waiting.is_empty() {
            self.take_the_next(target)?;
        }
        drop(self.jobs);
        let mut losses = Losses::default();
        for thread in self.threads {
            losses.add(thread.join().map_err(|_| gone())?);
        }
        Ok(losses)
    }
}

fn gone() -> anyhow::Error {
    anyhow!("a thread of the conversion has ended; this is a fault of the converter")
}

/// Until nobody gives anything any more.
fn work(to_do: &Mutex<Receiver<Job>>, writer: &dyn Converse, index: &Index) -> Losses {
    let mut losses = Losses::default();
    let next = || to_do.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Job { mut sheet, done }) = next() {
        let Sheet { talk, out } = &mut sheet;
        let written = talk
            .read(index)
            .map_err(anyhow::Error::from)
            .and_then(|talk| writer.converse(&talk, index, &mut losses, out));
        // Nobody listens after an error.
        let _ = done.send(written.map(|()| sheet));
    }
    losses
}
