//! Memory that the operating system reads into at full speed.

use std::ops::{Deref, DerefMut};

/// A page of memory. Files' pages and what sockets hold begin with one.
const PAGE_BYTES: usize = 4096;
/// As far from where a page begins as possible.
const DISTANCE_BYTES: usize = PAGE_BYTES / 2;

/// Bytes that start in the middle of a page.
///
/// Some processors copy at a quarter of their speed (AMD Zen 3, 2 GB/s instead of 8) to a place that lies a few bytes
/// further into its page than the source lies in its own (<https://sourceware.org/bugzilla/show_bug.cgi?id=30994>). What
/// `malloc` gives for a large vector lies 16 bytes into a page, and what is read lies at a page's beginning.
#[derive(Debug, Default)]
pub struct ReadBuffer {
    bytes: Vec<u8>,
    start: usize,
    len: usize,
}

impl ReadBuffer {
    /// Room for so many bytes, zeroed.
    #[must_use]
    pub fn new(len: usize) -> ReadBuffer {
        let bytes = vec![0; len + PAGE_BYTES];
        let into_page = bytes.as_ptr().addr() % PAGE_BYTES;
        let start = (PAGE_BYTES + DISTANCE_BYTES - into_page) % PAGE_BYTES;
        ReadBuffer { bytes, start, len }
    }

    /// Where the bytes start. As with a vector's, others that were handed out before stay good.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr().wrapping_add(self.start)
    }

    /// How many bytes there is room for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no room.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Deref for ReadBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.len]
    }
}

impl DerefMut for ReadBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::ReadBuffer;

    #[test]
    fn a_buffer_of_any_size_starts_in_the_middle_of_a_page() {
        for len in [0, 1, 17, 4096, 65_792, 262_144, 3 << 20] {
            let mut buffer = ReadBuffer::new(len);
            assert_eq!((buffer.len(), buffer.as_ptr().addr() % 4096), (len, 2048));
            assert_eq!(buffer.as_mut_ptr().cast_const(), buffer.as_ptr());
        }
        assert!(ReadBuffer::default().is_empty());
    }
}
