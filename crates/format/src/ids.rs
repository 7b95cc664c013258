//! The ids that stand in a section, in constant memory.
//!
//! A file with ten million messages must still be able to say whether a file's `message_id` is among
//! them and whether an id stands twice. So ids are kept as 64-bit keyed hashes, and past 2 MiB
//! they go to an unnamed file as sorted runs; only one hash in 512 stays in memory to find its
//! block. Two different ids share a hash with a chance below 3 in 100 million for a million ids.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// A set of ids.
#[derive(Debug, Default)]
pub struct IdSet {
    hasher: RandomState,
    recent: Vec<u64>,
    is_sorted: bool,
    runs: Vec<Run>,
    file: Option<File>,
    file_bytes: u64,
}

#[derive(Debug)]
struct Run {
    start: u64,
    len: usize,
    /// The first hash of each block.
    fences: Vec<u64>,
}

const RECENT: usize = 256 << 10;
const BLOCK: usize = 512;

impl IdSet {
    /// Adds an id.
    pub fn insert(&mut self, id: &[u8]) -> io::Result<()> {
        let hash = self.hasher.hash_one(id);
        self.recent.push(hash);
        self.is_sorted = false;
        if self.recent.len() >= RECENT {
            self.spill()
        } else {
            Ok(())
        }
    }

    /// Whether the id was added.
    pub fn contains(&mut self, id: &[u8]) -> io::Result<bool> {
        let hash = self.hasher.hash_one(id);
        self.sort();
        if self.recent.binary_search(&hash).is_ok() {
            return Ok(true);
        }
        for run in &self.runs {
            if run.contains(self.file.as_ref(), hash)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.recent.is_empty() && self.runs.is_empty()
    }

    /// Whether an id was added twice.
    pub fn has_duplicate(&mut self) -> io::Result<bool> {
        self.sort();
        if self.runs.is_empty() {
            return Ok(self.recent.windows(2).any(|pair| pair[0] == pair[1]));
        }
        self.spill()?;
        self.merged_runs_have_duplicate()
    }

    fn sort(&mut self) {
        if !self.is_sorted {
            self.recent.sort_unstable();
            self.is_sorted = true;
        }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        if self.recent.is_empty() {
            return Ok(());
        }
        let bytes: Vec<u8> = self
            .recent
            .iter()
            .flat_map(|hash| hash.to_le_bytes())
            .collect();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&bytes)?;
        self.runs.push(Run {
            start: self.file_bytes,
            len: self.recent.len(),
            fences: self.recent.iter().step_by(BLOCK).copied().collect(),
        });
        self.file_bytes += bytes.len() as u64;
        self.recent.clear();
        Ok(())
    }

    /// Walks all runs in order of hash, a block of each in memory.
    fn merged_runs_have_duplicate(&self) -> io::Result<bool> {
        let mut cursors: Vec<Cursor<'_>> = self.runs.iter().map(Cursor::new).collect();
        let mut heap = BinaryHeap::new();
        for (index, cursor) in cursors.iter_mut().enumerate() {
            if let Some(hash) = cursor.next(self.file.as_ref())? {
                heap.push(Reverse((hash, index)));
            }
        }
        let mut previous = None;
        while let Some(mut least) = heap.peek_mut() {
            let Reverse((hash, index)) = *least;
            if previous == Some(hash) {
                return Ok(true);
            }
            previous = Some(hash);
            // The next of the same run in its place: sifted once, not taken out and put in.
            match cursors[index].next(self.file.as_ref())? {
                Some(next) => *least = Reverse((next, index)),
                None => drop(PeekMut::pop(least)),
            }
        }
        Ok(false)
    }
}

impl Run {
    fn contains(&self, file: Option<&File>, hash: u64) -> io::Result<bool> {
        let after = self.fences.partition_point(|fence| *fence <= hash);
        let Some(block) = after.checked_sub(1) else {
            return Ok(false);
        };
        Ok(self.block(file, block)?.binary_search(&hash).is_ok())
    }

    fn block(&self, file: Option<&File>, block: usize) -> io::Result<Vec<u64>> {
        let first = block * BLOCK;
        let count = BLOCK.min(self.len - first);
        let mut bytes = vec![0; count * 8];
        let file = file.ok_or_else(|| io::Error::other("a run of ids has no file"))?;
        file.read_exact_at(&mut bytes, self.start + first as u64 * 8)?;
        let (hashes, _) = bytes.as_chunks::<8>();
        Ok(hashes
            .iter()
            .map(|hash| u64::from_le_bytes(*hash))
            .collect())
    }
}

struct Cursor<'a> {
    run: &'a Run,
    next_block: usize,
    block: std::vec::IntoIter<u64>,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run) -> Self {
        Cursor {
            run,
            next_block: 0,
            block: Vec::new().into_iter(),
        }
    }

    fn next(&mut self, file: Option<&File>) -> io::Result<Option<u64>> {
        if let Some(hash) = self.block.next() {
            return Ok(Some(hash));
        }
        if self.next_block == self.run.fences.len() {
            return Ok(None);
        }
        self.block = self.run.block(file, self.next_block)?.into_iter();
        self.next_block += 1;
        Ok(self.block.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(count: usize) -> IdSet {
        let mut ids = IdSet::default();
        for number in 0..count {
            ids.insert(format!("id-{number}").as_bytes()).unwrap();
        }
        ids
    }

    #[test]
    fn a_million_ids_are_found_and_others_are_not() {
        let mut ids = filled(1_000_000);
        assert!(ids.runs.len() == 3 && ids.recent.capacity() <= RECENT);
        for number in (0..1_000_000).step_by(9_973) {
            assert!(ids.contains(format!("id-{number}").as_bytes()).unwrap());
            assert!(!ids.contains(format!("other-{number}").as_bytes()).unwrap());
        }
        assert!(!ids.has_duplicate().unwrap());
    }

    #[test]
    fn the_same_id_twice_is_found_across_runs_and_within_memory() {
        let mut far = filled(600_000);
        far.insert(b"id-7").unwrap();
        assert!(far.has_duplicate().unwrap());
        let mut near = filled(10);
        assert!(!near.has_duplicate().unwrap());
        near.insert(b"id-7").unwrap();
        assert!(near.has_duplicate().unwrap());
    }

    #[test]
    fn an_empty_set_has_nothing() {
        let mut ids = IdSet::default();
        assert!(ids.is_empty() && !ids.contains(b"").unwrap() && !ids.has_duplicate().unwrap());
    }
}
