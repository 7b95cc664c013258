//! A stretch of the input in a buffer that is used again once nobody looks at it any more.

use std::cell::RefCell;
use std::io::{self, Read};
use std::ops::Deref;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Bytes that were read, with room behind them. The room was filled before, so that nothing has to be
/// zeroed before it is read into again.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    len: usize,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl Buffer {
    /// Room for so many bytes, whatever stood there before.
    pub fn room(&mut self, count: usize) -> &mut [u8] {
        if self.bytes.len() < count {
            self.bytes.reserve_exact(count - self.bytes.len());
            self.bytes.resize(count, 0);
        }
        &mut self.bytes[..count]
    }

    /// Keeps the first bytes of the room.
    pub fn keep(&mut self, count: usize) {
        self.len = count;
    }

    /// Reads up to `count` bytes more; fewer only at the end of the input.
    pub fn read_from(&mut self, input: &mut impl Read, count: usize) -> io::Result<usize> {
        let (start, end) = (self.len, self.len + count);
        self.room(end);
        while self.len < end {
            match input.read(&mut self.bytes[self.len..end]) {
                Ok(0) => break,
                Ok(read) => self.len += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.len - start)
    }

    /// Keeps what stands before `at`, and puts the rest into `rest`.
    pub fn split_into(&mut self, at: usize, rest: &mut Buffer) {
        let moved = &self.bytes[at..self.len];
        if rest.bytes.len() < moved.len() {
            rest.bytes.resize(moved.len(), 0);
        }
        rest.bytes[..moved.len()].copy_from_slice(moved);
        rest.len = moved.len();
        self.len = at;
    }
}

/// Bytes of the input.
#[derive(Debug)]
pub struct Block {
    buffer: Buffer,
    home: Sender<Buffer>,
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Nobody takes it back any more when reading has ended.
        let _ = self.home.send(std::mem::take(&mut self.buffer));
    }
}

/// Where blocks come from and go back to.
#[derive(Debug)]
pub struct Blocks {
    home: Sender<Buffer>,
    returned: Receiver<Buffer>,
    /// The last of them is the one that is most likely still in the processor's cache.
    free: RefCell<Vec<Buffer>>,
}

/// A buffer that one huge record has blown up is not kept.
const KEEP_BYTES: usize = 8 << 20;

impl Blocks {
    pub fn new() -> Blocks {
        let (home, returned) = channel();
        Blocks {
            home,
            returned,
            free: RefCell::default(),
        }
    }

    /// A buffer with nothing in it.
    pub fn buffer(&self) -> Buffer {
        let mut free = self.free.borrow_mut();
        let returned = self.returned.try_iter();
        free.extend(returned.filter(|buffer| buffer.bytes.len() <= KEEP_BYTES));
        let mut buffer = free.pop().unwrap_or_default();
        buffer.len = 0;
        buffer
    }

    /// Makes a block of what was read.
    pub fn block(&self, buffer: Buffer) -> Block {
        Block {
            buffer,
            home: self.home.clone(),
        }
    }
}
