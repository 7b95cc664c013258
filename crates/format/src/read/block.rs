//! A stretch of the input in a buffer that is used again once nobody looks at it any more.

use std::ops::Deref;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Bytes of the input.
#[derive(Debug)]
pub struct Block {
    bytes: Vec<u8>,
    home: Sender<Vec<u8>>,
}

impl Deref for Block {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // Nobody takes it back any more when reading has ended.
        let _ = self.home.send(std::mem::take(&mut self.bytes));
    }
}

/// Where blocks come from and go back to.
#[derive(Debug)]
pub struct Blocks {
    home: Sender<Vec<u8>>,
    returned: Receiver<Vec<u8>>,
}

/// A buffer that one huge record has blown up is not kept.
const KEEP_CAPACITY_BYTES: usize = 8 << 20;

impl Blocks {
    pub fn new() -> Blocks {
        let (home, returned) = channel();
        Blocks { home, returned }
    }

    /// An empty buffer.
    pub fn buffer(&self) -> Vec<u8> {
        while let Ok(mut buffer) = self.returned.try_recv() {
            if buffer.capacity() <= KEEP_CAPACITY_BYTES {
                buffer.clear();
                return buffer;
            }
        }
        Vec::new()
    }

    /// Makes a block of what was read.
    pub fn block(&self, bytes: Vec<u8>) -> Block {
        Block {
            bytes,
            home: self.home.clone(),
        }
    }
}
