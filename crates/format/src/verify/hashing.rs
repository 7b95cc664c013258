//! Hashes of files: each in the order of its parts, several files at once.
//!
//! One SHA-256 cannot be spread over processors, and whoever puts the pieces together would be busy with
//! nothing else. So what continues a file waits here, and whichever thread has time goes on with it.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::read::Block;

/// How many more pieces may be read.
#[derive(Debug)]
pub struct Credits(Arc<(Mutex<Left>, Condvar)>);

#[derive(Debug)]
struct Left {
    count: usize,
    has_stopped: bool,
}

/// Leave to read one piece. It goes back when nothing of the piece is kept any more.
#[derive(Debug)]
pub struct Credit(Arc<(Mutex<Left>, Condvar)>);

/// The credit of the piece whose bytes wait.
pub type Hold = Arc<Credit>;

/// Nobody waits any more when it goes.
pub struct Stop<'a>(&'a Credits);

impl Credits {
    /// For so many pieces at once.
    pub fn new(count: usize) -> Credits {
        let left = Left {
            count,
            has_stopped: false,
        };
        Credits(Arc::new((Mutex::new(left), Condvar::new())))
    }

    /// Leave to read a piece, as soon as there is some; none when somebody found the end.
    pub fn take(&self) -> Option<Hold> {
        let (left, came_back) = &*self.0;
        let waits = |left: &mut Left| left.count == 0 && !left.has_stopped;
        let left = came_back.wait_while(lock(left), waits);
        let mut left = left.unwrap_or_else(PoisonError::into_inner);
        if left.has_stopped {
            return None;
        }
        left.count -= 1;
        Some(Arc::new(Credit(Arc::clone(&self.0))))
    }

    /// No more is to be read when what this returns goes.
    pub fn stop_at_the_end(&self) -> Stop<'_> {
        Stop(self)
    }
}

impl Drop for Credit {
    fn drop(&mut self) {
        let (left, came_back) = &*self.0;
        lock(left).count += 1;
        came_back.notify_one();
    }
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        let (left, came_back) = &*self.0.0;
        lock(left).has_stopped = true;
        came_back.notify_all();
    }
}

/// What waits to be hashed, for every thread.
#[derive(Debug, Clone, Default)]
pub struct Hashing(Arc<Mutex<VecDeque<Arc<FileHash>>>>);

/// The hash of one file, as far as it goes.
#[derive(Debug, Default)]
pub struct FileHash(Mutex<State>);

#[derive(Default)]
struct State {
    hash: Sha256,
    waiting: VecDeque<(Block, Option<Hold>)>,
    /// Whether it stands in the queue, or somebody goes on with it.
    is_queued: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} blocks wait", self.waiting.len())
    }
}

impl Hashing {
    /// Adds the next bytes of a file.
    pub fn add(&self, file: &Arc<FileHash>, bytes: Block, hold: Option<Hold>) {
        let mut state = lock(&file.0);
        state.waiting.push_back((bytes, hold));
        if !mem::replace(&mut state.is_queued, true) {
            lock(&self.0).push_back(Arc::clone(file));
        }
    }

    /// Hashes what waits of one file. Returns `false` when nothing waits of any.
    pub fn go_on(&self) -> bool {
        let Some(file) = lock(&self.0).pop_front() else {
            return false;
        };
        file.catch_up();
        true
    }
}

impl FileHash {
    /// The hash of a file whose beginning was hashed.
    pub fn begun(hash: Sha256) -> Arc<FileHash> {
        Arc::new(FileHash(Mutex::new(State {
            hash,
            ..State::default()
        })))
    }

    /// SHA-256 of all that was added; none while something of it waits.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        let state = lock(&self.0);
        (!state.is_queued).then(|| state.hash.clone().finalize().into())
    }

    fn catch_up(&self) {
        let mut state = lock(&self.0);
        let mut hash = mem::take(&mut state.hash);
        while let Some((bytes, hold)) = state.waiting.pop_front() {
            drop(state);
            hash.update(&*bytes);
            drop((bytes, hold));
            state = lock(&self.0);
        }
        state.hash = hash;
        state.is_queued = false;
    }
}

/// A thread that panicked is found when it is joined.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
