//! Rows of numbers in constant memory, parted by the first of them, a keyed hash.
//!
//! Ids and references are compared after the whole file was read: whoever has ten million of them must
//! still know which stand twice and which name nothing. Rows with the same hash are in the same partition,
//! so each is compared by itself, on any core, and a set of its hashes is all that it takes (a hash join).
//! Past 12 MiB the rows go to an unnamed file. Two different ids share a hash with a chance below 3 in 100
//! million for a million ids.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::FileExt;

/// Into how many partitions rows are parted. A hundred million ids are 1.6 million in each.
pub const PARTITIONS: usize = 64;
const BYTES_IN_MEMORY: usize = 12 << 20;

/// Rows of `N` numbers.
#[derive(Debug)]
pub struct Partitions<const N: usize> {
    recent: Vec<Vec<[u64; N]>>,
    spilled: Vec<Extent>,
    file: Option<File>,
    file_bytes: u64,
    /// How many rows of one partition are in memory at most.
    room: usize,
}

/// Rows of one partition in the file.
#[derive(Debug)]
struct Extent {
    partition: usize,
    at: u64,
    rows: usize,
}

impl<const N: usize> Default for Partitions<N> {
    fn default() -> Self {
        Partitions {
            recent: Vec::new(),
            spilled: Vec::new(),
            file: None,
            file_bytes: 0,
            // A vector grows by doubling: this one is full when it does not grow any more.
            room: 1 << (BYTES_IN_MEMORY / (8 * N) / PARTITIONS).ilog2(),
        }
    }
}

/// The partition of a hash. A set looks at its first bits and at its last.
fn partition_of(hash: u64) -> usize {
    (hash >> 32) as usize % PARTITIONS
}

impl<const N: usize> Partitions<N> {
    /// Adds a row.
    pub fn add(&mut self, row: [u64; N]) -> io::Result<()> {
        if self.recent.is_empty() {
            self.recent.resize_with(PARTITIONS, Vec::new);
        }
        let partition = &mut self.recent[partition_of(row[0])];
        partition.push(row);
        if partition.len() == self.room {
            self.spill()?;
        }
        Ok(())
    }

    /// Hashes spread evenly: when one partition is full, the others nearly are.
    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        let mut out = BufWriter::with_capacity(1 << 16, file);
        let filled = self.recent.iter_mut().enumerate();
        for (partition, rows) in filled.filter(|(_, rows)| !rows.is_empty()) {
            for number in rows.as_flattened() {
                out.write_all(&number.to_le_bytes())?;
            }
            self.spilled.push(Extent {
                partition,
                at: self.file_bytes,
                rows: rows.len(),
            });
            self.file_bytes += (rows.len() * 8 * N) as u64;
            rows.clear();
        }
        out.flush()
    }

    /// Hands out the rows of a partition, in the order in which they came.
    pub fn each(&self, partition: usize, mut take: impl FnMut([u64; N])) -> io::Result<()> {
        let mut bytes = Vec::new();
        for extent in self.spilled.iter().filter(|one| one.partition == partition) {
            bytes.resize(extent.rows * 8 * N, 0);
            let file = self.file.as_ref();
            let file = file.ok_or_else(|| io::Error::other("spilled rows have no file"))?;
            file.read_exact_at(&mut bytes, extent.at)?;
            let (numbers, _) = bytes.as_chunks();
            let mut numbers = numbers.iter().map(|number| u64::from_le_bytes(*number));
            for _ in 0..extent.rows {
                take(std::array::from_fn(|_| numbers.next().unwrap_or_default()));
            }
        }
        if let Some(rows) = self.recent.get(partition) {
            rows.iter().copied().for_each(take);
        }
        Ok(())
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        let spilled = self.spilled.iter().map(|extent| extent.rows);
        let recent = self.recent.iter().map(Vec::len);
        spilled.chain(recent).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rows_come_back_in_order_whether_they_were_in_memory_or_not(
            rows in prop::collection::vec((0_u64..5, any::<u64>()).prop_map(|(a, b)| [a << 32, b]), 0..300), room in 1_usize..40,
        ) {
            let mut partitions = Partitions { room, ..Partitions::default() };
            for row in &rows {
                partitions.add(*row).unwrap();
                prop_assert!(partitions.recent.iter().all(|recent| recent.len() < room));
            }
            prop_assert_eq!(partitions.len(), rows.len());
            for partition in 0..PARTITIONS {
                let mut back = Vec::new();
                partitions.each(partition, |row| back.push(row)).unwrap();
                let mut expected = rows.clone();
                expected.retain(|row| partition_of(row[0]) == partition);
                prop_assert_eq!(back, expected);
            }
        }
    }
}
