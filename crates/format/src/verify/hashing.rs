//! Hashes of files: each in the order of its parts, several files at once.
//!
//! One SHA-256 cannot be spread over processors, and whoever puts the pieces together would be busy with
//! nothing else. So what continues a file waits here, and whichever thread has time goes on with it.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::credits::{Hold, lock};
use crate::read::Block;

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
