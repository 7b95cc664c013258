//! The path of the bytes: each checker, of whom the caller is one, reads and cuts the next piece in its turn,
//! checks it, and puts together what was found in it and in those before it, in order. Beside
//! them one thread hashes the whole.
//!
//! Who read a piece does everything with it: its bytes are still in that core's cache, and no thread
//! waits to be woken for each piece by another. A file of one piece, as most are, is checked by the caller
//! alone: starting threads would take longer.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use super::check::{Checked, Checker};
use super::collect::Collected;
use super::credits::{Credits, Hold, lock};
use super::hashing::Hashing;
use crate::read::{Block, Layout, Outline, Piece, Splitter};

/// How many pieces are read and not yet put together, for each checker. What was found in one may be the bytes
/// of a file, which wait until they are hashed: this, and the largest record, bound the memory.
const PIECES_PER_CHECKER: usize = 2;
/// How many blocks wait to be hashed: with file contents they have up to 5 MiB each.
const BLOCKS_TO_HASH: usize = 1;

/// What reading a file to its end brought.
pub struct Ran {
    pub outline: Outline,
    /// Of everything before the last line, if asked for.
    pub sha256: Option<[u8; 32]>,
}

/// Reads the input to its end.
pub fn run(
    input: impl Read + Send,
    max_record_bytes: usize,
    checkers: usize,
    with_digest: bool,
    collected: &mut Collected,
    advanced: &mut dyn FnMut(u64),
) -> io::Result<Ran> {
    let mut splitter = Splitter::new(input).with_max_record_bytes(max_record_bytes);
    let first = splitter.next_piece()?;
    let (outline, sha256) = if splitter.has_ended() {
        let sha256 = alone(first, with_digest, collected, advanced)?;
        (splitter.outline(), sha256)
    } else {
        side_by_side(first, splitter, checkers, with_digest, collected, advanced)?
    };
    let mut outline = outline;
    if collected.is_rewritten && outline.layout == Layout::AsWritten {
        outline.layout = Layout::Changed;
    }
    Ok(Ran { outline, sha256 })
}

/// Checks the only piece of a file.
fn alone(
    piece: Option<Piece>,
    with_digest: bool,
    collected: &mut Collected,
    advanced: &mut dyn FnMut(u64),
) -> io::Result<Option<[u8; 32]>> {
    let mut hash = Sha256::new();
    if let Some(piece) = piece {
        if with_digest {
            hash.update(&piece.block[..piece.covered_bytes]);
        }
        let checked = Checker::new(collected.hasher.clone()).check(&piece);
        collected.add(checked)?;
        advanced(piece.block.len() as u64);
    }
    Ok(with_digest.then(|| hash.finalize().into()))
}

fn side_by_side(
    first: Option<Piece>,
    splitter: Splitter<impl Read + Send>,
    checkers: usize,
    with_digest: bool,
    collected: &mut Collected,
    advanced: &mut dyn FnMut(u64),
) -> io::Result<(Outline, Option<[u8; 32]>)> {
    let (to_hash, blocks) = sync_channel(BLOCKS_TO_HASH);
    let hasher = collected.hasher.clone();
    let checker = || Checker::new(hasher.clone());
    let work = Work {
        feed: Mutex::new(Feed {
            splitter,
            first,
            given: 0,
            to_hash: with_digest.then_some(to_hash),
            failed: None,
        }),
        credits: Credits::new(checkers * PIECES_PER_CHECKER),
        hashing: collected.contents.hashing(),
        merge: Mutex::new(Merge {
            collected,
            early: BTreeMap::new(),
            next: 0,
            end: 0,
            failed: None,
        }),
    };
    let sha256 = thread::scope(|scope| {
        let whole = with_digest.then(|| scope.spawn(move || hash(&blocks)));
        let others: Vec<_> = (1..checkers)
            .map(|_| scope.spawn(|| work.check(checker(), &mut |_| {})))
            .collect();
        work.check(checker(), advanced);
        let panicked = |_| io::Error::other("a thread of the verifier panicked");
        for other in others {
            other.join().map_err(panicked)?;
        }
        whole
            .map(thread::ScopedJoinHandle::join)
            .transpose()
            .map_err(panicked)
    })?;
    let (feed, merge) = (work.feed.into_inner(), work.merge.into_inner());
    let feed = feed.unwrap_or_else(PoisonError::into_inner);
    let merge = merge.unwrap_or_else(PoisonError::into_inner);
    match merge.failed.or(feed.failed) {
        Some(failed) => Err(failed),
        None => Ok((feed.splitter.outline(), sha256)),
    }
}

/// What the checkers share.
struct Work<'a, R> {
    feed: Mutex<Feed<R>>,
    credits: Credits,
    hashing: Hashing,
    merge: Mutex<Merge<'a>>,
}

impl<R: Read> Work<'_, R> {
    /// Checks pieces until there are no more.
    fn check(&self, mut checker: Checker, advanced: &mut dyn FnMut(u64)) {
        let _ending = Ending(self);
        while let Some(credit) = self.credits.take() {
            let Some((index, piece)) = lock(&self.feed).next() else {
                return;
            };
            let mut found = checker.check(&piece);
            let end = piece.place.offset + piece.block.len() as u64;
            drop(piece);
            for part in &mut found.contents {
                part.hold(&credit);
            }
            let mut merge = lock(&self.merge);
            merge.take(index, Answer { end, found, credit });
            let (end, has_failed) = (merge.end, merge.failed.is_some());
            drop(merge);
            // Before more is read: who reads on with bytes that wait could wait for their credit.
            while self.hashing.go_on() {}
            if has_failed {
                return;
            }
            advanced(end);
        }
    }
}

/// However a checker ends, nobody waits for it: no other for credit, and whoever hashes the whole for a block.
struct Ending<'w, 'c, R>(&'w Work<'c, R>);

impl<R> Drop for Ending<'_, '_, R> {
    fn drop(&mut self) {
        self.0.credits.stop();
        lock(&self.0.feed).to_hash = None;
    }
}

/// What all checkers take their pieces from, one at a time.
struct Feed<R> {
    splitter: Splitter<R>,
    first: Option<Piece>,
    /// How many pieces were handed out.
    given: u64,
    to_hash: Option<SyncSender<(Arc<Block>, usize)>>,
    /// Why nothing more is read.
    failed: Option<io::Error>,
}

impl<R: Read> Feed<R> {
    /// The next piece and its number; none at the end.
    fn next(&mut self) -> Option<(u64, Piece)> {
        if self.failed.is_some() {
            return None;
        }
        let piece = match self.first.take() {
            Some(piece) => piece,
            None => match self.splitter.next_piece() {
                Ok(piece) => piece?,
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            },
        };
        if let Some(to_hash) = &self.to_hash
            && piece.covered_bytes > 0
        {
            // It only ends before its channel if it panicked, which shows when it is joined.
            let _ = to_hash.send((Arc::clone(&piece.block), piece.covered_bytes));
        }
        self.given += 1;
        Some((self.given - 1, piece))
    }
}

fn hash(blocks: &Receiver<(Arc<Block>, usize)>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (block, covered_bytes) in blocks {
        hash.update(&block[..covered_bytes]);
    }
    hash.finalize().into()
}

/// What was found in a piece, where it ends, and what it was read on.
struct Answer {
    end: u64,
    found: Checked,
    credit: Hold,
}

/// Puts together what was found, in the order of the file.
struct Merge<'a> {
    collected: &'a mut Collected,
    early: BTreeMap<u64, Answer>,
    next: u64,
    /// Where the last piece ends that was put together.
    end: u64,
    failed: Option<io::Error>,
}

impl Merge<'_> {
    /// Takes what was found in the piece with this number.
    fn take(&mut self, index: u64, answer: Answer) {
        self.early.insert(index, answer);
        while self.failed.is_none()
            && let Some(answer) = self.early.remove(&self.next)
        {
            self.failed = self.collected.add(answer.found).err();
            self.end = answer.end;
            self.next += 1;
            drop(answer.credit);
        }
    }
}
