//! Where the bytes go: hashed and written by a thread of their own, or by whoever would have to wait.
//!
//! Buffers wait in a short queue and come back to be filled again, so memory stays constant and a slow disk slows
//! the encoder down instead of filling memory.
//!
//! Where the encoder and a reader have all processors, a third thread would only be switched to and from. It rests
//! while there is a [`Helper`], and the two hash and write when they would wait for each other.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// A buffer is handed over when it has grown to this size.
pub(crate) const BUFFER_BYTES: usize = 1 << 20;
const BUFFERS_IN_FLIGHT: usize = 3;
/// A buffer that one huge value has blown up is not kept.
const KEEP_CAPACITY_BYTES: usize = 2 * BUFFER_BYTES;
/// So much nicer, as nice(2) counts, are the encoder and the thread that hashes when they give way.
const ENCODER_NICER: i32 = 5;
const WRITER_NICER: i32 = 15;

/// The writing end.
pub(crate) struct Sink {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    sent_bytes: u64,
}

/// Hashes and writes what waits, on a thread that would wait otherwise. While there is one, no thread of its own does.
pub struct Helper(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// Something waits, there is room again, or the last helper has gone.
    changed: Condvar,
    /// Whoever holds it takes buffers out of the queue, so that they are written in order.
    output: Mutex<Output>,
}

#[derive(Default)]
struct Queue {
    full: VecDeque<Vec<u8>>,
    empty: Vec<Vec<u8>>,
    helpers: usize,
    gives_way: bool,
    is_over: bool,
    failure: Option<io::Error>,
}

struct Output {
    hash: Sha256,
    out: Box<dyn Write + Send>,
}

impl Sink {
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Sink> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            changed: Condvar::new(),
            output: Mutex::new(Output {
                hash: Sha256::new(),
                out: Box::new(out),
            }),
        });
        let thread = std::thread::Builder::new()
            .name("export-writer".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.write_until_over()
            })?;
        Ok(Sink {
            shared,
            thread: Some(thread),
            sent_bytes: 0,
        })
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent_bytes
    }

    pub(crate) fn helper(&self) -> Helper {
        self.shared.queue().helpers += 1;
        Helper(Arc::clone(&self.shared))
    }

    /// The calling thread, which encodes, and behind it the one that hashes let the machine's other threads go first.
    pub(crate) fn give_way(&self) {
        be_nicer(ENCODER_NICER);
        self.shared.queue().gives_way = true;
        self.shared.changed.notify_all();
    }

    /// Hands the buffer over and leaves an empty one in its place.
    pub(crate) fn send(&mut self, buffer: &mut Vec<u8>) -> io::Result<()> {
        self.sent_bytes += buffer.len() as u64;
        // Small buffers are the first bytes of an export: somebody waits for them.
        let is_urgent = buffer.len() < BUFFER_BYTES;
        let mut queue = self.shared.queue();
        queue.check()?;
        let next = queue
            .empty
            .pop()
            .unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES + BUFFER_BYTES / 8));
        queue.full.push_back(std::mem::replace(buffer, next));
        if queue.helpers > 0 {
            let is_due = is_urgent || queue.is_crowded();
            drop(queue);
            if is_due {
                self.shared.write_next(&mut self.shared.output());
            }
        } else {
            self.shared.changed.notify_all();
            while queue.is_crowded() {
                queue = self.shared.wait(queue);
            }
        }
        Ok(())
    }

    /// The SHA-256 of all bytes sent so far, which are then written.
    pub(crate) fn seal(&mut self) -> io::Result<[u8; 32]> {
        let mut output = self.shared.output();
        while self.shared.write_next(&mut output) {}
        self.shared.queue().check()?;
        Ok(output.hash.clone().finalize().into())
    }

    /// Waits until the last byte is written, and returns the SHA-256 of all of them.
    pub(crate) fn finish(mut self) -> io::Result<[u8; 32]> {
        let digest = self.seal()?;
        let mut output = self.shared.output();
        guarded(|| output.out.flush())?;
        drop(output);
        Ok(digest)
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let mut queue = self.shared.queue();
        queue.is_over = true;
        // Of an abandoned export: nobody wants it any more.
        queue.full.clear();
        drop(queue);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // It cannot panic: see `guarded`.
            let _ = thread.join();
        }
    }
}

impl Helper {
    /// Hashes and writes one buffer; false when none waits, or somebody else is at it.
    pub fn help(&self) -> bool {
        match self.0.output.try_lock() {
            Ok(mut output) => self.0.write_next(&mut output),
            Err(_) => false,
        }
    }
}

impl Clone for Helper {
    fn clone(&self) -> Helper {
        self.0.queue().helpers += 1;
        Helper(Arc::clone(&self.0))
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.0.queue().helpers -= 1;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'q>(&self, queue: MutexGuard<'q, Queue>) -> MutexGuard<'q, Queue> {
        let woken = self.changed.wait(queue);
        woken.unwrap_or_else(PoisonError::into_inner)
    }

    fn write_until_over(&self) {
        let mut queue = self.queue();
        loop {
            if std::mem::take(&mut queue.gives_way) {
                be_nicer(WRITER_NICER);
            }
            if !queue.full.is_empty() && queue.helpers == 0 {
                drop(queue);
                self.write_next(&mut self.output());
                queue = self.queue();
            } else if queue.is_over {
                return;
            } else {
                queue = self.wait(queue);
            }
        }
    }

    /// Hashes and writes the buffer that waits longest; false when none does.
    fn write_next(&self, output: &mut Output) -> bool {
        let Some(mut buffer) = self.queue().full.pop_front() else {
            return false;
        };
        let written = guarded(|| output.take(&buffer));
        let mut queue = self.queue();
        if let Err(error) = written {
            queue.failure.get_or_insert(error);
            queue.full.clear();
        }
        if buffer.capacity() <= KEEP_CAPACITY_BYTES {
            buffer.clear();
            queue.empty.push(buffer);
        }
        // Who helps never waits for room.
        if queue.helpers == 0 {
            self.changed.notify_all();
        }
        true
    }
}

/// Lowers the priority of the calling thread, which cannot rise again without a privilege. Elsewhere than on Linux it would
/// be the program's.
fn be_nicer(increment: i32) {
    if cfg!(target_os = "linux") {
        // Only time depends on it, where a filter of system calls refuses it.
        let _ = rustix::process::nice(increment);
    }
}

/// Whoever writes, the output's own code runs on a thread that has more to do.
fn guarded(write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    catch_unwind(AssertUnwindSafe(write))
        .unwrap_or_else(|_panic| Err(io::Error::other("writing the export panicked")))
}

impl Queue {
    fn is_crowded(&self) -> bool {
        self.full.len() > BUFFERS_IN_FLIGHT
    }

    /// What has failed, the first time in its own words.
    fn check(&mut self) -> io::Result<()> {
        match &mut self.failure {
            Some(failure) => {
                let next = io::Error::new(failure.kind(), "the output has failed before");
                Err(std::mem::replace(failure, next))
            }
            None => Ok(()),
        }
    }
}

impl Output {
    fn take(&mut self, buffer: &[u8]) -> io::Result<()> {
        self.hash.update(buffer);
        self.out.write_all(buffer)?;
        if buffer.len() < BUFFER_BYTES {
            self.out.flush()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
