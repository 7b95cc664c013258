//! A file that can be read more than once: as it lies on the disk, or deciphered while it is read.
//!
//! Promises: each reading has a place of its own, so several may go on at the same time, and nothing
//! of the file is kept in memory or in another file.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

/// Bytes at places.
pub trait ReadAt: Debug + Send + Sync {
    /// Reads some of the bytes from `offset` on; none at the end.
    ///
    /// # Errors
    /// They cannot be read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }
}

/// Such a file. Clones are the same file.
#[derive(Debug, Clone)]
pub struct Original(Arc<dyn ReadAt>);

impl Original {
    /// It, read from there.
    #[must_use]
    pub fn new(bytes: impl ReadAt + 'static) -> Original {
        Original(Arc::new(bytes))
    }

    /// From its first byte to its last.
    #[must_use]
    pub fn from_start(&self) -> Reading {
        self.from(0)
    }

    /// From there to its last byte.
    #[must_use]
    pub fn from(&self, offset: u64) -> Reading {
        Reading {
            original: self.clone(),
            offset,
            hole: 0..0,
        }
    }

    /// From its first byte to its last, as if these were not there.
    #[must_use]
    pub fn without(&self, hole: Range<u64>) -> Reading {
        Reading {
            hole,
            ..self.from_start()
        }
    }

    /// Fills the buffer from `offset` on, as far as there is anything.
    pub(crate) fn fill_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self
                .0
                .read_at(&mut buffer[filled..], offset + filled as u64)
            {
                Ok(0) => break,
                Ok(more) => filled += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}

impl From<File> for Original {
    fn from(file: File) -> Original {
        Original::new(file)
    }
}

/// One reading.
#[derive(Debug)]
pub struct Reading {
    original: Original,
    offset: u64,
    /// What is passed over, once it is reached.
    hole: Range<u64>,
}

impl Read for Reading {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.hole.contains(&self.offset) {
            self.offset = self.hole.end;
        }
        let mut room = buffer.len();
        if self.offset < self.hole.start {
            let before = usize::try_from(self.hole.start - self.offset).unwrap_or(room);
            room = room.min(before);
        }
        let read = self.original.0.read_at(&mut buffer[..room], self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    #[derive(Debug)]
    struct Stingy(&'static [u8]);

    impl ReadAt for Stingy {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let offset = usize::try_from(offset).unwrap();
            let Some((byte, place)) = self.0.get(offset).zip(buffer.first_mut()) else {
                return Ok(0);
            };
            *place = *byte;
            Ok(1)
        }
    }

    #[test]
    fn each_reading_begins_at_the_start_and_a_place_is_filled_however_little_comes_at_once() {
        let original = Original::new(Stingy(b"0123456789"));
        let (mut one, mut other) = (original.from_start(), original.from_start());
        let mut text = String::new();
        one.read_exact(&mut [0; 4]).unwrap();
        other.read_to_string(&mut text).unwrap();
        assert_eq!(text, "0123456789");
        text.clear();
        one.read_to_string(&mut text).unwrap();
        assert_eq!(text, "456789");
        for (hole, left) in [
            (3..6, "0126789"),
            (0..9, "9"),
            (8..10, "01234567"),
            (4..4, "0123456789"),
        ] {
            text.clear();
            original.without(hole).read_to_string(&mut text).unwrap();
            assert_eq!(text, left);
        }
        let mut buffer = [0; 4];
        assert_eq!(original.fill_at(&mut buffer, 7).unwrap(), 3);
        assert_eq!(&buffer[..3], b"789");
    }
}
