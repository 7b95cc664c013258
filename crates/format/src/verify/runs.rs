//! Rows of numbers, sorted, in constant memory.
//!
//! Ids and references are compared as 64-bit keyed hashes, after the whole file was read: whoever has
//! ten million of them must still know which stand twice and which name nothing. Past 12 MiB rows
//! go to an unnamed file as sorted runs. Two different ids share a hash with a chance below 3 in
//! 100 million for a million ids.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// Rows of `N` numbers.
#[derive(Debug)]
pub struct Runs<const N: usize> {
    recent: Vec<[u64; N]>,
    spilled: Vec<(u64, usize)>,
    file: Option<File>,
    file_bytes: u64,
    rows_in_memory: usize,
}

const BYTES_IN_MEMORY: usize = 12 << 20;
const ROWS_IN_BLOCK: usize = 4096;

impl<const N: usize> Default for Runs<N> {
    fn default() -> Self {
        Runs {
            recent: Vec::new(),
            spilled: Vec::new(),
            file: None,
            file_bytes: 0,
            rows_in_memory: BYTES_IN_MEMORY / (8 * N),
        }
    }
}

impl<const N: usize> Runs<N> {
    /// Adds rows.
    pub fn extend(&mut self, rows: &[[u64; N]]) -> io::Result<()> {
        for rows in rows.chunks(self.rows_in_memory) {
            if self.recent.len() + rows.len() > self.rows_in_memory {
                self.spill()?;
            }
            self.recent.extend_from_slice(rows);
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        self.recent.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut out = BufWriter::with_capacity(1 << 16, file);
        for number in self.recent.iter().flatten() {
            out.write_all(&number.to_le_bytes())?;
        }
        out.flush()?;
        drop(out);
        self.spilled.push((self.file_bytes, self.recent.len()));
        self.file_bytes += (self.recent.len() * 8 * N) as u64;
        self.recent.clear();
        Ok(())
    }

    /// All rows in order.
    pub fn sorted(mut self) -> io::Result<Sorted<N>> {
        self.recent.sort_unstable();
        let mut cursors: Vec<_> = self.spilled.iter().map(|run| Cursor::new(*run)).collect();
        let mut heap = BinaryHeap::new();
        for (index, cursor) in cursors.iter_mut().enumerate() {
            if let Some(row) = cursor.next(self.file.as_ref())? {
                heap.push(Reverse((row, index)));
            }
        }
        Ok(Sorted {
            recent: self.recent.into_iter().peekable(),
            heap,
            cursors,
            file: self.file,
        })
    }
}

/// Rows in order.
pub struct Sorted<const N: usize> {
    recent: std::iter::Peekable<std::vec::IntoIter<[u64; N]>>,
    heap: BinaryHeap<Reverse<([u64; N], usize)>>,
    cursors: Vec<Cursor<N>>,
    file: Option<File>,
}

impl<const N: usize> Sorted<N> {
    /// The next row.
    pub fn next(&mut self) -> io::Result<Option<[u64; N]>> {
        let Some(Reverse((row, index))) = self.heap.peek().copied() else {
            return Ok(self.recent.next());
        };
        if self.recent.peek().is_some_and(|recent| *recent <= row) {
            return Ok(self.recent.next());
        }
        self.heap.pop();
        if let Some(next) = self.cursors[index].next(self.file.as_ref())? {
            self.heap.push(Reverse((next, index)));
        }
        Ok(Some(row))
    }
}

struct Cursor<const N: usize> {
    at: u64,
    left: usize,
    block: std::vec::IntoIter<[u64; N]>,
}

impl<const N: usize> Cursor<N> {
    fn new((at, left): (u64, usize)) -> Self {
        Cursor {
            at,
            left,
            block: Vec::new().into_iter(),
        }
    }

    fn next(&mut self, file: Option<&File>) -> io::Result<Option<[u64; N]>> {
        if let Some(row) = self.block.next() {
            return Ok(Some(row));
        }
        let rows = self.left.min(ROWS_IN_BLOCK);
        if rows == 0 {
            return Ok(None);
        }
        let mut bytes = vec![0; rows * 8 * N];
        let file = file.ok_or_else(|| io::Error::other("a run has no file"))?;
        file.read_exact_at(&mut bytes, self.at)?;
        self.at += bytes.len() as u64;
        self.left -= rows;
        let numbers: Vec<u64> = bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|number| u64::from_le_bytes(*number))
            .collect();
        let block: Vec<[u64; N]> = numbers.as_chunks::<N>().0.to_vec();
        self.block = block.into_iter();
        Ok(self.block.next())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_in_order_however_many_runs_there_are(
            rows in prop::collection::vec((0_u64..50, any::<u64>()).prop_map(|(a, b)| [a, b]), 0..300), room in 1_usize..40,
        ) {
            let mut runs = Runs { rows_in_memory: room, ..Runs::default() };
            for some in rows.chunks(7) {
                runs.extend(some).unwrap();
            }
            prop_assert!(runs.recent.len() <= room);
            let mut sorted = runs.sorted().unwrap();
            let back: Vec<_> = std::iter::from_fn(|| sorted.next().unwrap()).collect();
            let mut expected = rows;
            expected.sort_unstable();
            prop_assert_eq!(back, expected);
        }
    }
}
