//! The path of the bytes: each checker reads and cuts the next piece in its turn and checks it; one thread
//! hashes; whoever called puts together what they found, in order.
//!
//! Who read a piece checks it: its bytes are still in that core's cache, and no thread only waits for
//! the disk while another waits for it. A file of one piece, as most are, is checked by the caller alone:
//! starting threads would take longer.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use sha2::{Digest, Sha256};

use super::check::{Checked, Checker};
use super::collect::Collected;
use crate::read::{Block, Layout, Outline, Piece, Splitter};

/// How many pieces are read and not yet put together, for each checker. What was found in one may be the bytes
/// of a file: this, and the largest record, bound the memory.
const PIECES_PER_CHECKER: usize = 2;
/// How many blocks wait to be hashed: with file contents they have up to 5 MiB each.
const BLOCKS_TO_HASH: usize = 1;

/// What reading a file to its end brought.
pub struct Ran {
    pub outline: Outline,
    /// Of everything before the last line, if asked for.
    pub sha256: Option<[u8; 32]>,
}

/// The number of a piece, where it ends, and what was found in it.
type Answer = (u64, u64, Checked);

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
    let under_way = checkers * PIECES_PER_CHECKER;
    let (credit, credits) = sync_channel(under_way);
    for _ in 0..under_way {
        // There is room for all of them.
        let _ = credit.try_send(());
    }
    let (answer, answers) = sync_channel::<Answer>(under_way);
    let (to_hash, blocks) = sync_channel(BLOCKS_TO_HASH);
    let feed = Mutex::new(Feed {
        splitter,
        first,
        given: 0,
        credits,
        to_hash: with_digest.then_some(to_hash),
        failed: None,
    });
    let sha256 = thread::scope(|scope| {
        let hashing = with_digest.then(|| scope.spawn(move || hash(&blocks)));
        let checking: Vec<_> = (0..checkers)
            .map(|_| {
                let (answer, feed) = (answer.clone(), &feed);
                let checker = Checker::new(collected.hasher.clone());
                scope.spawn(move || check(checker, feed, &answer))
            })
            .collect();
        drop(answer);
        let merged = merge(&answers, &credit, collected, advanced);
        // Without credits, the checkers stop by themselves when the merge has failed.
        drop((credit, answers));
        let checked: Vec<_> = checking
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        // The last block was handed out.
        drop(
            feed.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .to_hash
                .take(),
        );
        let sha256 = hashing.map(thread::ScopedJoinHandle::join).transpose();
        let sha256 = sha256.map_err(|_| panicked())?;
        if checked.iter().any(Result::is_err) {
            return Err(panicked());
        }
        merged.map(|()| sha256)
    })?;
    let feed = feed.into_inner().unwrap_or_else(PoisonError::into_inner);
    match feed.failed {
        Some(failed) => Err(failed),
        None => Ok((feed.splitter.outline(), sha256)),
    }
}

fn panicked() -> io::Error {
    io::Error::other("a thread of the verifier panicked")
}

/// What all checkers take their pieces from, one at a time.
struct Feed<R> {
    splitter: Splitter<R>,
    first: Option<Piece>,
    /// How many pieces were handed out.
    given: u64,
    credits: Receiver<()>,
    to_hash: Option<SyncSender<(Arc<Block>, usize)>>,
    /// Why nothing more is read.
    failed: Option<io::Error>,
}

impl<R: Read> Feed<R> {
    /// The next piece and its number; none at the end.
    fn next(&mut self) -> Option<(u64, Piece)> {
        if self.failed.is_some() || self.credits.recv().is_err() {
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

fn check<R: Read>(mut checker: Checker, feed: &Mutex<Feed<R>>, answer: &SyncSender<Answer>) {
    loop {
        let next = feed.lock().map(|mut feed| feed.next());
        let Ok(Some((index, piece))) = next else {
            return;
        };
        let found = checker.check(&piece);
        let end = piece.place.offset + piece.block.len() as u64;
        drop(piece);
        if answer.send((index, end, found)).is_err() {
            return;
        }
    }
}

fn merge(
    answers: &Receiver<Answer>,
    credit: &SyncSender<()>,
    collected: &mut Collected,
    advanced: &mut dyn FnMut(u64),
) -> io::Result<()> {
    let mut early: BTreeMap<u64, (u64, Checked)> = BTreeMap::new();
    let mut next = 0;
    for (index, end, checked) in answers {
        early.insert(index, (end, checked));
        while let Some((end, checked)) = early.remove(&next) {
            collected.add(checked)?;
            advanced(end);
            next += 1;
            // The checkers have ended, or take it.
            let _ = credit.try_send(());
        }
    }
    Ok(())
}
