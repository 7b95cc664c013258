//! The path of the bytes: one thread reads and cuts, one hashes, the others check; whoever called
//! puts together what they found, in order.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use sha2::{Digest, Sha256};

use super::check::{Checked, Checker};
use super::collect::Collected;
use crate::read::{Block, Layout, Outline, Piece, Splitter};

/// How many pieces are under way for each thread that checks. This, and the largest record, bound
/// the memory.
const PIECES_PER_CHECKER: usize = 2;
/// How many blocks wait to be hashed.
const BLOCKS_TO_HASH: usize = 2;

/// What reading a file to its end brought.
pub struct Ran {
    pub outline: Outline,
    /// Of everything before the last line, if asked for.
    pub sha256: Option<[u8; 32]>,
}

type Job = (u64, Piece);
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
    let under_way = checkers * PIECES_PER_CHECKER;
    let (credit, credits) = sync_channel(under_way);
    for _ in 0..under_way {
        // There is room for all of them.
        let _ = credit.try_send(());
    }
    let (jobs, to_check) = sync_channel::<Job>(under_way);
    let (answer, answers) = sync_channel::<Answer>(under_way);
    let (to_hash, blocks) = sync_channel::<(Arc<Block>, usize)>(BLOCKS_TO_HASH);
    let to_check = Mutex::new(to_check);
    thread::scope(|scope| {
        let reader = scope.spawn(move || {
            let splitter = Splitter::new(input).with_max_record_bytes(max_record_bytes);
            let to_hash = with_digest.then_some(to_hash);
            cut(splitter, &credits, &jobs, to_hash.as_ref())
        });
        let hashing = with_digest.then(|| scope.spawn(move || hash(&blocks)));
        for _ in 0..checkers {
            let answer = answer.clone();
            let checker = Checker::new(collected.hasher.clone());
            let to_check = &to_check;
            scope.spawn(move || check(checker, to_check, &answer));
        }
        drop(answer);
        let merged = merge(&answers, &credit, collected, advanced);
        // Without credits, the reader stops by itself when the merge has failed.
        drop((credit, answers));
        let outline = reader.join().map_err(|_| panicked())?;
        merged?;
        let sha256 = hashing.map(|hashing| hashing.join().map_err(|_| panicked()));
        let mut outline = outline?;
        if collected.is_rewritten && outline.layout == Layout::AsWritten {
            outline.layout = Layout::Changed;
        }
        Ok(Ran {
            outline,
            sha256: sha256.transpose()?,
        })
    })
}

fn panicked() -> io::Error {
    io::Error::other("a thread of the verifier panicked")
}

fn cut<R: Read>(
    mut splitter: Splitter<R>,
    credits: &Receiver<()>,
    jobs: &SyncSender<Job>,
    to_hash: Option<&SyncSender<(Arc<Block>, usize)>>,
) -> io::Result<Outline> {
    let mut index = 0;
    while let Some(piece) = splitter.next_piece()? {
        if credits.recv().is_err() {
            break;
        }
        if let Some(to_hash) = to_hash
            && piece.covered_bytes > 0
        {
            // It only ends before its channel if it panicked, which shows when it is joined.
            let _ = to_hash.send((Arc::clone(&piece.block), piece.covered_bytes));
        }
        if jobs.send((index, piece)).is_err() {
            break;
        }
        index += 1;
    }
    Ok(splitter.outline())
}

fn hash(blocks: &Receiver<(Arc<Block>, usize)>) -> [u8; 32] {
    let mut hash = Sha256::new();
    for (block, covered_bytes) in blocks {
        hash.update(&block[..covered_bytes]);
    }
    hash.finalize().into()
}

fn check(mut checker: Checker, jobs: &Mutex<Receiver<Job>>, answer: &SyncSender<Answer>) {
    loop {
        let job = jobs.lock().map(|jobs| jobs.recv());
        let Ok(Ok((index, piece))) = job else { return };
        let found = checker.check(&piece);
        let end = piece.place.offset + piece.block.len() as u64;
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
            // The reader has ended, or takes it.
            let _ = credit.try_send(());
        }
    }
    Ok(())
}
